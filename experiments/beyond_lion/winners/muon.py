def train(w, g, m, lr, *, b1=0.681453145321083, b2=0.95, weight_decay=0.14229534363858748, lr_scale=0.015827833250321742):
    lr = lr * lr_scale
    u = interp(g, m, b1)
    m = interp(g, m, b2)
    v1 = orthogonalize(u)
    v2 = rows(w)
    v5 = sqrt(v2)
    v6 = 0.33923186396383254 * v5
    u = v1 * v6
    v7 = w * weight_decay
    v8 = u + v7
    v10 = v8 * lr
    return v10, m
