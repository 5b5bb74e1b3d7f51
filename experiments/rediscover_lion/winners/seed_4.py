def train(w, g, m, lr, *, b1=0.95, lr_scale=0.003):
    lr = lr * lr_scale
    v1 = clip(g, lr)
    v1 = interp(v1, 0.67, m)
    m = interp(v1, m, b1)
    update = sign(v1)
    update = update * lr
    return update, m
