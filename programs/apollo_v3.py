"""Apollo as its author's code has it last: a small bound and a small learning rate.

    a = (1 - b1) / (1 - b1^t)
    y = g - m,  m <- m + a y
    n = ||d||_4 + eps / bound,  d <- d / n
    b <- b - (a <y / n, d> + <b, d^2>) d^2
    d <- m / max(|b|, bound)
    w <- w - lr (d + weight_decay w)

Without weight decay it takes the steps of `apollo`: lr, bound and b are all measured in a unit of `bound`.

Source: Ma 2020 (arXiv 2009.13586), the author's final code.
Group: second-order
"""


def train(w, g, m, b, d, lr, t, *, b1=0.9, eps=1e-4, bound=0.01, weight_decay=0.0, lr_scale=0.01):
    a = (1 - b1) / (1 - b1**t)
    y = g - m
    m = m + a * y
    n = sum(d**4) ** 0.25 + eps / bound
    d = d / n
    b = b - (a * sum(y / n * d) + sum(b * square(d))) * square(d)
    d = m / maximum(abs(b), bound)
    return (d + w * weight_decay) * (lr * lr_scale), m, b, d
