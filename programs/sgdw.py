"""SGD with momentum and decoupled weight decay.

    m <- b1 m + g
    w <- w - lr (m + weight_decay w)

The paper's algorithm has the learning rate inside the momentum and leaves it out of the decay.

Source: Loshchilov & Hutter 2019 (arXiv 1711.05101), algorithm 1.
Group: momentum
"""


def train(w, g, m, lr, *, b1=0.9, weight_decay=0.01, lr_scale=0.01):
    m = m * b1 + g
    return (m + w * weight_decay) * (lr * lr_scale), m
