"""AdaGrad with one learning rate for all weights, from the norms of all gradients so far.

    s <- s + ||g||^2
    w <- w - lr g / sqrt(b0^2 + s)

Source: Ward, Wu & Bottou 2019 (arXiv 1806.01811), algorithm 1.
Group: adaptive
"""


def train(w, g, s: scalar, lr, *, b0=0.1, lr_scale=1.0):
    s = s + square(global_norm(g))
    return g / sqrt(b0**2 + s) * (lr * lr_scale), s
