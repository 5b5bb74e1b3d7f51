def train(w, g, m, lr, *, b1=0.97, lr_scale=0.0037, b2=0.5671):
    lr = lr * lr_scale
    update = interp(g, m, b2)
    m = interp(g, m, b1)
    update = sign(update)
    update = update * lr
    return update, m
