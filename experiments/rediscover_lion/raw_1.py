def train(w, g, m, lr):
    lr = lr * 0.003321791870462497
    v1 = interp(g, 1.7372793434135276, m)
    update = sign(v1)
    m = interp(g, m, 0.975996698276481)
    update = update * lr
    return update, m
