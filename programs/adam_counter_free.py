"""Adam without the step counter: the average of a constant 1 is the bias correction.

    m <- b1 m + (1 - b1) g,    c1 <- b1 c1 + (1 - b1)
    v <- b2 v + (1 - b2) g^2,  c2 <- b2 c2 + (1 - b2)
    w <- w - lr m / c1 / (sqrt(v / c2) + eps)

c1 = 1 - b1^t and c2 = 1 - b2^t at every step, so it is Adam.

Source: Kingma & Ba 2015 (arXiv 1412.6980), algorithm 1, rewritten.
Group: adaptive
"""


def train(w, g, m, v, c1: scalar, c2: scalar, lr, *, b1=0.9, b2=0.999, eps=1e-8, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    c1 = interp(1, c1, b1)
    c2 = interp(1, c2, b2)
    return m / c1 / (sqrt(v / c2) + eps) * (lr * lr_scale), m, v, c1, c2
