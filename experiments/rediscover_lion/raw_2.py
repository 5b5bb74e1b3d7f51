def train(w, g, m, lr):
    lr = lr * 0.003672072916207671
    v1 = interp(g, 1.3142221464197585, m)
    m = interp(g, m, 0.97260517521472)
    update = sign(v1)
    update = update * lr
    return update, m
