"""Generalized SignSGD: Adam with the momentum, not the gradient, in the second moment.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) m^2
    w <- w - lr (m / (sqrt(v) + eps) + weight_decay w)

At b2 = 0 it is Signum. There is no bias correction: the first step is 1 / sqrt(1 - b2) times a sign step.

Source: Crawshaw et al. 2022 (arXiv 2208.11195), algorithm 1.
Group: sign
"""


def train(w, g, m, v, lr, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(m), v, b2)
    return (m / (sqrt(v) + eps) + w * weight_decay) * (lr * lr_scale), m, v
