"""LARS: momentum over gradients scaled, in each tensor, to the size of the weights.

    u = g + weight_decay w
    m <- b1 m + lr trust ||w|| / ||u|| u, the factor after lr 1 if a norm is 0
    w <- w - m

Source: You, Gitman & Ginsburg 2017 (arXiv 1708.03888), algorithm 1, in the form of optax.
Group: layerwise
"""


def train(w, g, m, lr, *, b1=0.9, trust=0.001, weight_decay=0.0001, lr_scale=1.0):
    u = g + w * weight_decay
    ratio = trust * norm(w) / norm(u)
    m = m * b1 + u * where(ratio > 0, ratio, 1) * (lr * lr_scale)
    return m, m
