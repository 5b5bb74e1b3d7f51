"""Fromage: steps in proportion to the weights, which they do not let grow.

    w <- (w - lr g ||w|| / ||g||) / sqrt(1 + lr^2)

|| || is of each tensor, and at least `min_norm`.
Source: Bernstein et al. 2020 (arXiv 2002.03432), algorithm 1, with optax's floor under the norms.
Group: layerwise
"""


def train(w, g, lr, *, min_norm=1e-6, lr_scale=0.01):
    rate = lr * lr_scale
    trust = maximum(norm(w), min_norm) / maximum(norm(g), min_norm)
    return w - (w - g * trust * rate) / sqrt(1 + rate**2)
