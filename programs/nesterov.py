"""Nesterov's accelerated gradient, in the form that takes the gradient at w.

    m <- b1 m + g
    w <- w - lr (g + b1 m + weight_decay w)

Source: Nesterov 1983 (Soviet Math. Dokl. 27); Sutskever et al. 2013 (ICML), section 2.
Group: momentum
"""


def train(w, g, m, lr, *, b1=0.9, weight_decay=0.0, lr_scale=0.01):
    m = m * b1 + g
    return (m * b1 + g + w * weight_decay) * (lr * lr_scale), m
