"""Gradient descent with steps of one length, whatever the size of the gradient.

    w <- w - lr g / ||g||

The norm is that of all weights together.

Source: Nesterov 1984 (Matekon 29); Hazan, Levy & Shalev-Shwartz 2015 (arXiv 1507.02030).
Group: gradient
"""


def train(w, g, lr, *, lr_scale=0.1):
    return g / global_norm(g) * (lr * lr_scale)
