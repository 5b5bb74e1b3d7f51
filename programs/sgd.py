"""Stochastic gradient descent with decoupled weight decay (0 by default).

Source: Robbins & Monro 1951.
"""


def train(w, g, lr, *, weight_decay=0.0, lr_scale=0.1):
    return (g + w * weight_decay) * (lr * lr_scale)
