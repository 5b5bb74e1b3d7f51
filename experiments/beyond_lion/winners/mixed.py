def train(w, g, m, lr, *, b1=0.9110781811547868, weight_decay=0.453064111942202, lr_scale=0.002645826380786987):
    update = interp(g, 1.3662896285617658, m)
    update = sign(update)
    m = interp(g, m, b1)
    wd = w * weight_decay
    update = update + wd
    lr = lr * lr_scale
    update = update * lr
    return update, m
