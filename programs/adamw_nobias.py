"""AdamW without bias correction but with epsilon.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    w <- w - lr (m / (sqrt(v) + eps) + weight_decay w)

Source: Devlin et al. 2019 (arXiv 1810.04805), the code; Loshchilov & Hutter 2019 (arXiv 1711.05101).
Group: adaptive
"""


def train(w, g, m, v, lr, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.01, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    return (m / (sqrt(v) + eps) + w * weight_decay) * (lr * lr_scale), m, v
