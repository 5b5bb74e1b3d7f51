"""AMSGrad with the bias corrected after the maximum.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    x <- max(x, v)
    w <- w - lr (m / (1 - b1^t) / (sqrt(x / (1 - b2^t)) + eps) + weight_decay w)

Source: Reddi, Kale & Kumar 2018 (ICLR), algorithm 2, in the form of PyTorch.
Group: adaptive
"""


def train(w, g, m, v, x, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    x = maximum(x, v)
    m_hat = m / (1 - b1**t)
    x_hat = x / (1 - b2**t)
    return (m_hat / (sqrt(x_hat) + eps) + w * weight_decay) * (lr * lr_scale), m, v, x
