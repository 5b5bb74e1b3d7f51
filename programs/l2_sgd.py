"""SGD with momentum and L2 regularization: the decay is part of the gradient.

    g <- g + weight_decay w
    m <- b1 m + g
    w <- w - lr m

Source: Krogh & Hertz 1991 (NeurIPS), with momentum as in Loshchilov & Hutter 2019 (arXiv 1711.05101), algorithm 1.
Group: momentum
"""


def train(w, g, m, lr, *, b1=0.9, weight_decay=0.0001, lr_scale=0.01):
    m = m * b1 + (g + w * weight_decay)
    return m * (lr * lr_scale), m
