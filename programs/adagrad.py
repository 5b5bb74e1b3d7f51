"""AdaGrad (diagonal).

    v <- v + g^2
    w <- w - lr (g / (sqrt(v) + eps) + weight_decay w)

Source: Duchi, Hazan & Singer 2011 (JMLR 12), with epsilon added to the root as in PyTorch.
Group: adaptive
"""


def train(w, g, v, lr, *, eps=1e-10, weight_decay=0.0, lr_scale=0.01):
    v = v + square(g)
    return (g / (sqrt(v) + eps) + w * weight_decay) * (lr * lr_scale), v
