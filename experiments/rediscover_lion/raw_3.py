def train(w, g, m, lr):
    v1 = cbrt(lr)
    lr = v1 * 0.00410216867941664
    v1 = interp(g, m, 0.8833480954775599)
    m = interp(g, m, 0.9968923351231339)
    update = sign(v1)
    update = update * lr
    return update, m
