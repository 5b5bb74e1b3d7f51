"""Stochastic gradient descent with decoupled weight decay (0 by default).

    w <- w - lr (g + weight_decay w)

Source: Robbins & Monro 1951 (Ann. Math. Statist. 22).
Group: gradient
"""


def train(w, g, lr, *, weight_decay=0.0, lr_scale=0.1):
    return (g + w * weight_decay) * (lr * lr_scale)
