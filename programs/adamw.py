"""AdamW without bias correction and epsilon: where the search starts.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    w <- w - lr (m / sqrt(v) + weight_decay w)

The paper's nine statements. The schedule's value `lr` is relative; `lr_scale` makes it a learning rate.

Source: Chen et al. 2023 (arXiv 2302.06675), program 3; Loshchilov & Hutter 2019 (arXiv 1711.05101).
Group: adaptive
"""


def train(w, g, m, v, lr, *, b1=0.9, b2=0.999, weight_decay=0.01, lr_scale=0.001):
    g2 = square(g)
    m = interp(g, m, b1)
    v = interp(g2, v, b2)
    sqrt_v = sqrt(v)
    update = m / sqrt_v
    wd = w * weight_decay
    update = update + wd
    lr = lr * lr_scale
    update = update * lr
    return update, m, v
