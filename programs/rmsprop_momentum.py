"""RMSProp whose rescaled gradients go through momentum.

    v <- b2 v + (1 - b2) g^2
    m <- b1 m + g / (sqrt(v) + eps)
    w <- w - lr (m + weight_decay w)

Source: Tieleman & Hinton 2012 (lecture 6e); Graves 2013 (arXiv 1308.0850); in the form of PyTorch.
Group: adaptive
"""


def train(w, g, m, v, lr, *, b1=0.9, b2=0.99, eps=1e-8, weight_decay=0.0, lr_scale=0.01):
    v = interp(square(g), v, b2)
    m = m * b1 + g / (sqrt(v) + eps)
    return (m + w * weight_decay) * (lr * lr_scale), m, v
