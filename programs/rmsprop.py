"""RMSProp, with epsilon inside the root.

    v <- b2 v + (1 - b2) g^2
    w <- w - lr (g / sqrt(v + eps) + weight_decay w)

Source: Tieleman & Hinton 2012 (lecture 6e), in the form of optax.
Group: adaptive
"""


def train(w, g, v, lr, *, b2=0.9, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    v = interp(square(g), v, b2)
    return (g / sqrt(v + eps) + w * weight_decay) * (lr * lr_scale), v
