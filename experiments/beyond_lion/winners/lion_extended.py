def train(w, g, m, lr, *, b1=0.9433268067443737, weight_decay=0.4127744056865183, lr_scale=0.0026940603511809726):
    update = interp(m, 0.6161869761967849, g)
    update = sign(update)
    m = interp(g, m, b1)
    wd = w * weight_decay
    update = update + wd
    lr = lr * lr_scale
    update = update * lr
    return update, m
