"""RMSProp that divides by the gradient's standard deviation, not by its root mean square.

    m <- b2 m + (1 - b2) g
    v <- b2 v + (1 - b2) g^2
    w <- w - lr (g / (sqrt(v - m^2) + eps) + weight_decay w)

Source: Graves 2013 (arXiv 1308.0850), in the form of PyTorch.
Group: adaptive
"""


def train(w, g, m, v, lr, *, b2=0.99, eps=1e-8, weight_decay=0.0, lr_scale=0.01):
    m = interp(g, m, b2)
    v = interp(square(g), v, b2)
    return (g / (sqrt(v - square(m)) + eps) + w * weight_decay) * (lr * lr_scale), m, v
