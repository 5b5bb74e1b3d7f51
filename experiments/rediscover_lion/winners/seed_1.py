def train(w, g, m, lr, *, b1=0.98, lr_scale=0.003322):
    lr = lr * lr_scale
    v1 = interp(g, 2.0, m)
    update = sign(v1)
    m = interp(g, m, b1)
    update = update * lr
    return update, m
