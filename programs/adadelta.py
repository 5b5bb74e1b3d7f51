"""Adadelta: steps in the units of the weights, from an average of past squared steps.

    v <- b2 v + (1 - b2) g^2
    d = sqrt(u + eps) / sqrt(v + eps) g
    u <- b2 u + (1 - b2) d^2
    w <- w - lr (d + weight_decay w)

Source: Zeiler 2012 (arXiv 1212.5701), algorithm 1.
Group: adaptive
"""


def train(w, g, v, u, lr, *, b2=0.9, eps=1e-6, weight_decay=0.0, lr_scale=1.0):
    v = interp(square(g), v, b2)
    d = sqrt(u + eps) / sqrt(v + eps) * g
    u = interp(square(d), u, b2)
    return (d + w * weight_decay) * (lr * lr_scale), v, u
