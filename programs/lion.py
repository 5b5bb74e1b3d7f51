"""Lion: the sign of an interpolated momentum, with decoupled weight decay and one state slot.

Source: Chen et al. 2023, program 1; its learning rate is 3 to 10 times smaller and its decay 3 to 10 times larger
than AdamW's.
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
