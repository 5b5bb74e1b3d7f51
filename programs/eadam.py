"""EAdam: Adam that adds epsilon to the second moment at every step.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2 + eps
    w <- w - lr (m / (1 - b1^t) / sqrt(v / (1 - b2^t)) + weight_decay w)

The epsilons add up: it is Adam with eps / (1 - b2) inside the root.

Source: Yuan & Gao 2020 (arXiv 2011.02150).
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2) + eps
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return (m_hat / sqrt(v_hat) + w * weight_decay) * (lr * lr_scale), m, v
