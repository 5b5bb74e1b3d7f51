"""Heavy-ball momentum with decoupled weight decay (0 by default).

    m <- b1 m + g
    w <- w - lr (m + weight_decay w)

Source: Polyak 1964 (USSR Comp. Math. 4); Sutskever et al. 2013 (ICML), in the form of PyTorch and optax.
Group: momentum
"""


def train(w, g, m, lr, *, b1=0.9, weight_decay=0.0, lr_scale=0.01):
    m = m * b1 + g
    return (m + w * weight_decay) * (lr * lr_scale), m
