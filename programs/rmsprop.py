"""RMSProp, with epsilon inside the root.

Source: Tieleman & Hinton 2012, lecture 6e.
"""


def train(w, g, v, lr, *, b2=0.9, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    v = interp(square(g), v, b2)
    return (g / sqrt(v + eps) + w * weight_decay) * (lr * lr_scale), v
