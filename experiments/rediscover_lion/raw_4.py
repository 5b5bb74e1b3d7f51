def train(w, g, m, lr):
    lr = lr * 0.002919119756414412
    v1 = clip(g, lr)
    v1 = interp(v1, 0.6702051885832562, m)
    m = interp(v1, m, 0.9508340212267786)
    update = sign(v1)
    update = update * lr
    return update, m
