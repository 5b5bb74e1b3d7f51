def train(w, g, m, lr, *, b1=0.9137478023289903, weight_decay=0.25190240662676494, lr_scale=0.0027891660991745553):
    update = interp(m, 0.85499500854009, g)
    update = sign(update)
    m = interp(g, m, b1)
    wd = w * weight_decay
    update = update + wd
    lr = lr * lr_scale
    update = update * lr
    return update, m
