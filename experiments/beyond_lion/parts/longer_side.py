"""matrix_lion with the square root of the longer side, as Muon's large-scale form has it."""


def train(w, g, m, lr, *, b1=0.95, b2=0.72, scale=0.34, weight_decay=0.14, lr_scale=0.016):
    m = interp(g, m, b1)
    u = interp(g, m, b2)
    u = orthogonalize(u) * (scale * sqrt(maximum(rows(w), columns(w))))
    return (u + w * weight_decay) * (lr * lr_scale), m
