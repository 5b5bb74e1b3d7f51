"""AdaGrad with epsilon inside the root and an accumulator that does not start at zero.

    v <- v + g^2
    w <- w - lr (g / sqrt(v0 + v + eps) + weight_decay w)

Source: Duchi, Hazan & Singer 2011 (JMLR 12), in the form of TensorFlow and optax.
Group: adaptive
"""


def train(w, g, v, lr, *, v0=0.1, eps=1e-7, weight_decay=0.0, lr_scale=0.01):
    v = v + square(g)
    return (g / sqrt(v0 + v + eps) + w * weight_decay) * (lr * lr_scale), v
