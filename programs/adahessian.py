"""AdaHessian: Adam with the Hessian's diagonal in the place of the squared gradient.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) h^2
    w <- w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t))^hessian_power + eps) + weight_decay w)

The paper also averages |h| over blocks, such as convolution kernels; this does not.
Source: Yao et al. 2020 (arXiv 2006.00719), algorithm 1; defaults of the authors' code.
Group: second-order
"""


def train(w, g, m, v, lr, t, h, *, b1=0.9, b2=0.999, eps=1e-4, hessian_power=1.0, weight_decay=0.0, lr_scale=0.15):
    m = interp(g, m, b1)
    v = interp(square(h), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    u = m_hat / (sqrt(v_hat) ** hessian_power + eps)
    return (u + w * weight_decay) * (lr * lr_scale), m, v
