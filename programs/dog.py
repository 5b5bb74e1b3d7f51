"""DoG: distance over gradients, a step size without a learning rate to tune.

    r <- max(r, ||w - w0||),  from r0 (1 + ||w0||), w0 the first weights
    n <- n + ||g||^2
    w <- w - lr r / sqrt(n + eps) (g + weight_decay w)

`lr` is 1 but for the schedule; || || is over the whole tree. The authors average the weights besides.
Weight decay is decoupled; optax.contrib.dog, the same without it, puts it into the gradient and so into n.
Source: Ivgi et al. 2023 (arXiv 2302.12022).
Group: parameter-free
"""


def train(w, g, w0, r: scalar, n: scalar, lr, t, *, r0=1e-6, eps=1e-8, weight_decay=0.0, lr_scale=1.0):
    first = t == 1
    w0 = where(first, w, w0)
    r = where(first, r0 * (1 + global_norm(w)), maximum(r, global_norm(w - w0)))
    n = n + dot(g, g)
    return (g + w * weight_decay) * (r / sqrt(n + eps)) * (lr * lr_scale), w0, r, n
