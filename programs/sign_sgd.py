"""signSGD: steps of one size, in the direction of the gradient's sign.

    w <- w - lr (sign(g) + weight_decay w)

Source: Bernstein et al. 2018 (arXiv 1802.04434), algorithm 1.
Group: sign
"""


def train(w, g, lr, *, weight_decay=0.0, lr_scale=0.0003):
    return (sign(g) + w * weight_decay) * (lr * lr_scale)
