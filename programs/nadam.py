"""Nadam: Adam with Nesterov momentum, at a constant b1.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    m_hat = b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t)
    w <- w - lr (m_hat / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

Source: Dozat 2016 (ICLR workshop), in the form of optax.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0, lr_scale=0.002):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m_hat = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return (m_hat / (sqrt(v_hat) + eps) + w * weight_decay) * (lr * lr_scale), m, v
