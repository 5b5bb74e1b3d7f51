"""AMSGrad on the bias-corrected second moment.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    x <- max(x, v / (1 - b2^t))
    w <- w - lr (m / (1 - b1^t) / (sqrt(x) + eps) + weight_decay w)

Three forms are in use: this one, `amsgrad_torch`, and `amsgrad_paper` without bias correction.

Source: Reddi, Kale & Kumar 2018 (ICLR), algorithm 2, in the form of optax.
Group: adaptive
"""


def train(w, g, m, v, x, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    x = maximum(x, v / (1 - b2**t))
    m_hat = m / (1 - b1**t)
    return (m_hat / (sqrt(x) + eps) + w * weight_decay) * (lr * lr_scale), m, v, x
