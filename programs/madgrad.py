"""MADGRAD: momentumized dual averaging with a cube root for the denominator.

    l <- (lr + eps) sqrt(t)
    s <- s + l g
    v <- v + l g^2
    z <- w0 - s / (cbrt(v) + eps),  w0 the first weights
    w <- b1 w + (1 - b1) z

Source: Defazio & Jelassi 2021 (arXiv 2101.11075), algorithm 1, and the authors' code.
Group: adaptive
"""


def train(w, g, s, v, w0, lr, t, *, b1=0.9, eps=1e-6, lr_scale=0.01):
    w0 = where(t == 1, w, w0)
    l = (lr * lr_scale + eps) * sqrt(t)
    s = s + l * g
    v = v + l * square(g)
    z = w0 - s / (cbrt(v) + eps)
    return (1 - b1) * (w - z), s, v, w0
