"""Cautious Lion: Lion only where the update and the gradient agree in sign.

    u <- sign(b1 m + (1 - b1) g)
    m <- b2 m + (1 - b2) g
    k <- 1 where u g > 0, else 0
    w <- w - lr (u k size / (sum(k) + 1) + weight_decay w)

size and sum are of each tensor: what remains is scaled up to make good for what was dropped.
Source: Liang et al. 2024 (arXiv 2411.16085), on Chen et al. 2023 (arXiv 2302.06675).
Group: sign
"""


def train(w, g, m, lr, *, b1=0.9, b2=0.99, weight_decay=0.0, lr_scale=0.0001):
    u = sign(interp(g, m, b1))
    m = interp(g, m, b2)
    keep = u * g > 0
    u = u * keep * (size(w) / (sum(keep) + 1))
    return (u + w * weight_decay) * (lr * lr_scale), m
