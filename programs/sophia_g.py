"""Sophia-G: momentum over the Gauss-Newton-Bartlett estimate of the diagonal, clipped.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) h_gnb,  at steps 1, 1 + hessian_every, ...
    w <- w - lr (clamp(m / max(gamma v, eps), -1, 1) + weight_decay w)

`gamma` should leave 10 to 50 % of the coordinates unclipped.
Source: Liu et al. 2023 (arXiv 2305.14342), algorithm 3 with algorithm 2 for h_gnb.
Group: second-order
"""


def train(
    w,
    g,
    m,
    v,
    lr,
    t,
    h_gnb,
    *,
    b1=0.96,
    b2=0.99,
    gamma=0.05,
    eps=1e-12,
    hessian_every=10,
    weight_decay=0.1,
    lr_scale=0.0006,
):
    fresh = (t - 1) % hessian_every == 0
    m = interp(g, m, b1)
    v = where(fresh, interp(h_gnb, v, b2), v)
    u = clamp(m / maximum(gamma * v, eps), -1, 1)
    return (u + w * weight_decay) * (lr * lr_scale), m, v
