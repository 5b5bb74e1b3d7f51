"""ACProp: the gradient over the root of the centered second moment of the step before.

    u <- g / (sqrt(v / (1 - b2^(t - 1))) + eps),  g / (1 + eps) in the first step
    v <- b2 v + (1 - b2) (g - m)^2 + eps_root
    m <- b1 m + (1 - b1) g
    w <- w - lr (u + weight_decay w)

As optax computes it; the paper centers by the new m, which makes v smaller by b1^2.
Source: Zhuang et al. 2021 (arXiv 2110.05454), as in optax.contrib.acprop.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-16, eps_root=1e-16, weight_decay=0.0, lr_scale=0.001):
    v_hat = where(t == 1, 1, v / (1 - b2 ** (t - 1)))
    u = g / (sqrt(v_hat) + eps)
    v = interp(square(g - m), v, b2) + eps_root
    m = interp(g, m, b1)
    return (u + w * weight_decay) * (lr * lr_scale), m, v
