"""Optimistic gradient descent: each gradient extrapolated by its last change.

    w <- w - lr (alpha g + beta (g - g_before) + weight_decay w)

In the first step g_before is g. Made for games between a minimizer and a maximizer, where plain descent circles.
Source: Mokhtari et al. 2019 (arXiv 1901.08511), as in optax.
Group: gradient
"""


def train(w, g, g_before, lr, t, *, alpha=1.0, beta=1.0, weight_decay=0.0, lr_scale=0.1):
    u = alpha * g + beta * where(t == 1, 0, g - g_before)
    g_before = g
    return (u + w * weight_decay) * (lr * lr_scale), g_before
