"""AdaMax: Adam with the infinity norm in place of the second moment.

    m <- b1 m + (1 - b1) g
    v <- max(b2 v, |g| + eps)
    w <- w - lr (m / (1 - b1^t) / v + weight_decay w)

Source: Kingma & Ba 2015 (arXiv 1412.6980), algorithm 2, with an epsilon as in optax and PyTorch.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0, lr_scale=0.002):
    m = interp(g, m, b1)
    v = maximum(b2 * v, abs(g) + eps)
    m_hat = m / (1 - b1**t)
    return (m_hat / v + w * weight_decay) * (lr * lr_scale), m, v
