def train(w, g, m, v, lr, t, *, b1=0.71859, b2=0.8297325291865395, b3=0.999, weight_decay=0.1, lr_scale=0.005109974402454352):
    v2 = interp(g, m, b1)
    m = interp(g, m, b2)
    v1 = square(g)
    v = interp(v1, v, b3)
    v4 = b3 ** t
    v5 = v4 - 0.998668
    v_hat = v / v5
    v6 = sqrt(v_hat)
    v8 = v2 / v6
    v9 = w * weight_decay
    update = v8 + v9
    v10 = lr * lr_scale
    v11 = update * v10
    return v11, m, v
