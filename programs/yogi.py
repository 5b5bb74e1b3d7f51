"""Yogi: Adam whose second moment moves by at most (1 - b2) g^2 a step.

    m <- b1 m + (1 - b1) g
    v <- v - (1 - b2) sign(v - g^2) g^2
    w <- w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

Both moments start at `initial`.

Source: Zaheer et al. 2018 (NeurIPS), algorithm 2, with bias correction as in optax.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-3, initial=1e-6, weight_decay=0.0, lr_scale=0.01):
    m = interp(g, where(t == 1, initial, m), b1)
    v = where(t == 1, initial, v)
    v = v - (1 - b2) * sign(v - square(g)) * square(g)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return (m_hat / (sqrt(v_hat) + eps) + w * weight_decay) * (lr * lr_scale), m, v
