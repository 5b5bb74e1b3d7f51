"""Muon as in optax: the Nesterov momentum is corrected for bias.

    m <- b1 m + (1 - b1) g
    u <- b1 m / (1 - b1^(t + 1)) + (1 - b1) g / (1 - b1^t)
    w <- w - lr (sqrt(max(1, columns / rows)) orthogonalize(u) + weight_decay w)

There is no epsilon in the norm by which Newton-Schulz starts (1e-8 in optax), and vectors follow the same rule (AdamW
in optax).
Source: Jordan et al. 2024 (kellerjordan.github.io/posts/muon), as in optax.contrib.muon.
Group: matrix
"""


def train(w, g, m, lr, t, *, b1=0.95, weight_decay=0.0, lr_scale=0.02):
    m = interp(g, m, b1)
    u = interp(g / (1 - b1**t), m / (1 - b1 ** (t + 1)), b1)
    u = orthogonalize(u) * sqrt(maximum(1, columns(w) / rows(w)))
    return (u + w * weight_decay) * (lr * lr_scale), m
