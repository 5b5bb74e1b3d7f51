def train(w, g, m, lr, *, b1=0.88, b2=0.997):
    v1 = cbrt(lr)
    lr = v1 * 0.004
    v1 = interp(g, m, b1)
    m = interp(g, m, b2)
    update = sign(v1)
    update = update * lr
    return update, m
