"""Signum: the sign of the momentum, with decoupled weight decay.

    m <- b1 m + (1 - b1) g
    w <- w - lr (sign(m) + weight_decay w)

Source: Bernstein et al. 2018 (arXiv 1802.04434), algorithm 2.
Group: sign
"""


def train(w, g, m, lr, *, b1=0.9, weight_decay=0.1, lr_scale=0.0003):
    m = interp(g, m, b1)
    return (sign(m) + w * weight_decay) * (lr * lr_scale), m
