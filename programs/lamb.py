"""LAMB: Adam's step, in each tensor as long as the weights times the learning rate.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    u = m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w
    w <- w - lr ||w|| / ||u|| u, the ratio 1 if a norm is 0

Source: You et al. 2020 (arXiv 1904.00962), algorithm 2.
Group: layerwise
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.01, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    u = m_hat / (sqrt(v_hat) + eps) + w * weight_decay
    ratio = norm(w) / norm(u)
    return u * where(ratio > 0, ratio, 1) * (lr * lr_scale), m, v
