"""AdaBelief: Adam that divides by how far the gradient is from its own average.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) (g - m)^2 + eps
    w <- w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

Source: Zhuang et al. 2020 (arXiv 2010.07468), algorithm 2.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-16, weight_decay=0.0, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g - m), v, b2) + eps
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return (m_hat / (sqrt(v_hat) + eps) + w * weight_decay) * (lr * lr_scale), m, v
