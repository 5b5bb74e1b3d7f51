"""Lion: the sign of an interpolated momentum, with decoupled weight decay and one state slot.

    w <- w - lr (sign(b1 m + (1 - b1) g) + weight_decay w)
    m <- b2 m + (1 - b2) g

Its learning rate is 3 to 10 times smaller and its weight decay 3 to 10 times larger than AdamW's.

Source: Chen et al. 2023 (arXiv 2302.06675), program 1.
Group: sign
"""


def train(w, g, m, lr, *, b1=0.9, b2=0.99, weight_decay=0.1, lr_scale=0.0003):
    update = interp(g, m, b1)
    update = sign(update)
    m = interp(g, m, b2)
    wd = w * weight_decay
    update = update + wd
    lr = lr * lr_scale
    update = update * lr
    return update, m
