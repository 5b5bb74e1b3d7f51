"""Momentum with the learning rate inside: the velocity is a sum of steps, not of gradients.

    m <- b1 m + lr g
    w <- w - m - lr weight_decay w

It differs from `momentum` only while the learning rate changes.

Source: Polyak 1964 (USSR Comp. Math. 4); Sutskever et al. 2013 (ICML), equation 1.
Group: momentum
"""


def train(w, g, m, lr, *, b1=0.9, weight_decay=0.0, lr_scale=0.01):
    m = m * b1 + g * (lr * lr_scale)
    return m + w * weight_decay * (lr * lr_scale), m
