"""ADOPT: Adam that normalizes before momentum, by the second moment of the step before.

    u <- clamp(g / max(sqrt(v), eps), -(t - 1)^(1/4), (t - 1)^(1/4))
    m <- b1 m + (1 - b1) u
    v <- b2 v + (1 - b2) g^2,  from g^2
    w <- w - lr (m + weight_decay w)

The first step only starts v: the clamp is at 0.
Source: Taniguchi et al. 2024 (arXiv 2411.02853), with its clipping.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.9999, eps=1e-6, weight_decay=0.0, lr_scale=0.001):
    bound = (t - 1) ** 0.25
    m = interp(clamp(g / maximum(sqrt(v), eps), -bound, bound), m, b1)
    v = where(t == 1, square(g), interp(square(g), v, b2))
    return (m + w * weight_decay) * (lr * lr_scale), m, v
