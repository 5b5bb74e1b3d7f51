"""Lion with the sign of a matrix: found by a search that started from Muon's large-scale form.

    m <- b1 m + (1 - b1) g
    u <- b2 m + (1 - b2) g
    w <- w - lr (scale sqrt(rows) orthogonalize(u) + weight_decay w)

`orthogonalize` is the sign of a matrix: its singular values come near 1. With m as it was before the step, u is
b1 b2 m + (1 - b1 b2) g: as in Lion, the gradient has a larger part in the step than in the memory, 0.32 and 0.05; in
Muon, whose b2 is b1, it has 0.1. Rows are inputs: the step's singular values are near scale sqrt(rows), where those of
Muon are near sqrt(max(1, columns / rows)). Each number of a vector is a matrix by itself: its step is near `scale`
times its sign. The learning rate is that of trainings of a few hundred steps, and has to be tuned.

The family has a name, Lion-K for the nuclear norm; the constants and the root of the inputs are what the search found.

Source: experiments/beyond_lion, search `muon`; Chen, Li & Liu 2025 (arXiv 2506.15054), the family.
Group: matrix
"""


def train(w, g, m, lr, *, b1=0.95, b2=0.72, scale=0.34, weight_decay=0.14, lr_scale=0.016):
    m = interp(g, m, b1)
    u = interp(g, m, b2)
    u = orthogonalize(u) * (scale * sqrt(rows(w)))
    return (u + w * weight_decay) * (lr * lr_scale), m
