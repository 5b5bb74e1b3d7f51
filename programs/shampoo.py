"""Shampoo: gradients preconditioned from the left and from the right.

    l <- l + g g^T,  from eps I
    r <- r + g^T g,  from eps I
    w <- w - lr (l^(-1/4) g r^(-1/4) + weight_decay w)

A vector is a stack of 1 x 1 matrices, for which this is diagonal AdaGrad; in optax a convolution kernel is a stack of
matrices, not a tensor with a preconditioner for each axis.
Source: Gupta et al. 2018 (arXiv 1802.09568), algorithm 1.
Group: matrix
"""


def train(w, g, l: left, r: right, lr, t, *, eps=1e-6, weight_decay=0.0, lr_scale=0.1):
    l = where(t == 1, eps * eye(l), l) + matmul(g, transpose(g))
    r = where(t == 1, eps * eye(r), r) + matmul(transpose(g), g)
    u = matmul(matmul(inverse_root(l, 4), g), inverse_root(r, 4))
    return (u + w * weight_decay) * (lr * lr_scale), l, r
