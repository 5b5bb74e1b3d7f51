"""Muon whose step grows with the square root of a matrix's inputs, found by a search from Muon's large-scale form.

    m <- b1 m + (1 - b1) g
    u <- b2 m + (1 - b2) g
    w <- w - lr (scale sqrt(rows) orthogonalize(u) + weight_decay w)

Rows are inputs: the singular values of the update are near scale sqrt(rows), where those of Muon are near
sqrt(max(1, columns / rows)) and those of the large-scale form near rms sqrt(max(rows, columns)). The gradient has a
larger part in u than in Nesterov's momentum, whose b2 is b1. A vector has one row: its update has the length `scale`.
The learning rate is that of trainings of a few hundred steps.

Source: experiments/beyond_lion, search `muon`; Muon: Jordan et al. 2024 (kellerjordan.github.io/posts/muon).
Group: matrix
"""


def train(w, g, m, lr, *, b1=0.95, b2=0.72, scale=0.34, weight_decay=0.14, lr_scale=0.016):
    m = interp(g, m, b1)
    u = interp(g, m, b2)
    u = orthogonalize(u) * (scale * sqrt(rows(w)))
    return (u + w * weight_decay) * (lr * lr_scale), m
