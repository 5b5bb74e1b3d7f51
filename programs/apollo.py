"""Apollo: a diagonal quasi-Newton method with a bound on the curvature.

    a = (1 - b1) / (1 - b1^t)
    y = g - m,  m <- m + a y
    n = ||d||_4 + eps,  d <- d / n
    b <- b - (a <y / n, d> + <b, d^2>) d^2
    d <- m / max(|b|, bound)
    w <- w - lr (d + weight_decay w)

`b` is the diagonal of the Hessian and `d` the last direction; norm and products are those of each tensor.

Source: Ma 2020 (arXiv 2009.13586), algorithm 1, first version.
Group: second-order
"""


def train(w, g, m, b, d, lr, t, *, b1=0.9, eps=1e-4, bound=1.0, weight_decay=0.0, lr_scale=1.0):
    a = (1 - b1) / (1 - b1**t)
    y = g - m
    m = m + a * y
    n = sum(d**4) ** 0.25 + eps
    d = d / n
    b = b - (a * sum(y / n * d) + sum(b * square(d))) * square(d)
    d = m / maximum(abs(b), bound)
    return (d + w * weight_decay) * (lr * lr_scale), m, b, d
