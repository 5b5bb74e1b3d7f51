def train(w, g, m, lr, *, b1=0.95, weight_decay=0.36538695584751, lr_scale=0.0064740937503933):
    m = interp(g, m, b1)
    u = interp(m, 0.9521205105477566, g)
    v1 = orthogonalize(u)
    v3 = columns(w)
    v10 = maximum(v3, 0.024368699152212948)
    v10 = sqrt(v10)
    v10 = v10 * v1
    v2 = w * weight_decay
    v10 = v10 + v2
    v4 = lr * lr_scale
    v10 = v10 * v4
    return v10, m
