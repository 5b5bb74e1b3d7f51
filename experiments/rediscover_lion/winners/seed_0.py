def train(w, g, m, lr, *, b1=0.68, b2=0.98, lr_scale=0.0033):
    lr = lr * lr_scale
    v1 = interp(g, m, b1)
    m = interp(g, m, b2)
    update = sign(v1)
    update = update * lr
    return update, m
