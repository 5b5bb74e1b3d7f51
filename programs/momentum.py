"""Heavy-ball momentum with decoupled weight decay (0 by default).

Source: Polyak 1964; Sutskever et al. 2013; Loshchilov & Hutter 2019 for the decay (SGDW).
"""


def train(w, g, m, lr, *, b1=0.9, weight_decay=0.0, lr_scale=0.01):
    m = m * b1 + g
    return (m + w * weight_decay) * (lr * lr_scale), m
