def train(w, g, m, lr, *, b1=0.97, lr_scale=0.0037):
    lr = lr * lr_scale
    v1 = interp(g, 1.31, m)
    m = interp(g, m, b1)
    update = sign(v1)
    update = update * lr
    return update, m
