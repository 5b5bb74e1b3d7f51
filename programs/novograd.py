"""NovoGrad: gradients divided by the norm of their tensor, then momentum.

    v <- b2 v + (1 - b2) ||g||^2, ||g||^2 at the start
    m <- b1 m + g / (sqrt(v) + eps) + weight_decay w
    w <- w - lr m

The norms are those of each tensor, and `v` is one number for each.

Source: Ginsburg et al. 2019 (arXiv 1905.11286), algorithm 1, with the defaults of optax.
Group: layerwise
"""


def train(w, g, m, v: per_tensor, lr, t, *, b1=0.9, b2=0.25, eps=1e-6, weight_decay=0.0, lr_scale=0.01):
    v = where(t == 1, square(norm(g)), interp(square(norm(g)), v, b2))
    m = m * b1 + (g / (sqrt(v) + eps) + w * weight_decay)
    return m * (lr * lr_scale), m, v
