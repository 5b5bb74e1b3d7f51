"""AdamW as in its paper, with bias correction and epsilon.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    w <- w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

Source: Loshchilov & Hutter 2019 (arXiv 1711.05101), algorithm 2; Kingma & Ba 2015 (arXiv 1412.6980).
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.01, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    update = m_hat / (sqrt(v_hat) + eps) + w * weight_decay
    return update * (lr * lr_scale), m, v
