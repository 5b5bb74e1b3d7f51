def train(w, g, m, v, lr, t, *, b1=0.7594424554186742, b2=0.9597857476397791, b3=0.999, weight_decay=0.1526542720391535, eps=1e-08, lr_scale=0.006191734671989291):
    v2 = interp(g, m, b1)
    m = interp(g, m, b2)
    v1 = square(g)
    v = interp(v1, v, b3)
    v4 = b3 ** t
    v5 = 1.0 - v4
    v_hat = v / v5
    v6 = sqrt(v_hat)
    v7 = v6 + eps
    v8 = v2 / v7
    v9 = w * weight_decay
    update = v8 + v9
    v10 = lr * lr_scale
    v11 = update * v10
    return v11, m, v
