"""Stochastic gradient descent with Polyak's step size, from the loss.

    w <- w - lr min((loss - f_min) / (||g||^2 + eps), max_step) g

`f_min` is the lowest value that the loss can take; || || is over the whole tree.
Source: Polyak 1987; Loizou et al. 2021 (arXiv 2002.10542), SPS_max, as in optax.polyak_sgd.
Group: parameter-free
"""


def train(w, g, lr, loss, *, f_min=0.0, max_step=1.0, eps=0.0, lr_scale=1.0):
    step = minimum((loss - f_min) / (dot(g, g) + eps), max_step)
    return g * step * (lr * lr_scale)
