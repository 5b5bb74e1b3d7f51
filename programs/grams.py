"""Grams: the size of Adam's update with the sign of the gradient.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    u <- m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)
    w <- w - lr (sign(g) |u| + weight_decay w)

Source: Cao et al. 2024 (arXiv 2412.17107).
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    u = sign(g) * abs(m_hat / (sqrt(v_hat) + eps))
    return (u + w * weight_decay) * (lr * lr_scale), m, v
