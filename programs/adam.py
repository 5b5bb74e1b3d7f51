"""Adam, with bias correction; decoupled weight decay makes it `adamw_debiased`.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    w <- w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)

Source: Kingma & Ba 2015 (arXiv 1412.6980), algorithm 1.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return m_hat / (sqrt(v_hat) + eps) * (lr * lr_scale), m, v
