def train(w, g, m, lr):
    m = interp(g, m, 0.95)
    u = interp(g, m, 0.8361049801997098)
    v1 = orthogonalize(u)
    v2 = rows(w)
    v5 = sqrt(v2)
    v6 = 0.2930955946994067 * v5
    u = v1 * v6
    v7 = w * 0.27584239088846463
    v8 = u + v7
    v9 = lr * 0.009899528874565878
    v10 = v8 * v9
    return v10, m
