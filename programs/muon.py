"""Muon: Nesterov momentum, orthogonalized by five Newton-Schulz steps.

    m <- b1 m + (1 - b1) g
    u <- b1 m + (1 - b1) g
    w <- w - lr (sqrt(max(1, columns / rows)) orthogonalize(u) + weight_decay w)

Rows are inputs, columns outputs; an export to PyTorch, where weights are (out, in, ...), turns them. There is no
epsilon in the norm by which Newton-Schulz starts. In optax a convolution kernel is a stack of matrices; on a vector
the rule is close to u's sign. Its authors leave vectors, embeddings and output layers to AdamW.
Source: Jordan et al. 2024 (kellerjordan.github.io/posts/muon).
Group: matrix
"""


def train(w, g, m, lr, *, b1=0.95, weight_decay=0.0, lr_scale=0.02):
    m = interp(g, m, b1)
    u = interp(g, m, b1)
    u = orthogonalize(u) * sqrt(maximum(1, columns(w) / rows(w)))
    return (u + w * weight_decay) * (lr * lr_scale), m
