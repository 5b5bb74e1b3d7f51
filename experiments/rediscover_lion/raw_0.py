def train(w, g, m, lr):
    lr = lr * 0.003294088115833798
    v1 = interp(g, m, 0.6836494350764138)
    m = interp(g, m, 0.9839916011316119)
    update = sign(v1)
    update = update * lr
    return update, m
