def train(w, g, m, lr, *, b1=0.976, lr_scale=0.003, b2=0.63):
    lr = lr * lr_scale
    update = interp(g, m, b2)
    update = sign(update)
    m = interp(g, m, b1)
    update = update * lr
    return update, m
