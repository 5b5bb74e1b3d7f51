"""Sophia as in optax: debiased momentum, and the curvature refreshed after its use.

    m <- b1 m + (1 - b1) g
    w <- w - lr (clamp(m / (1 - b1^t) / max(gamma v, eps), -1, 1) + weight_decay w)
    v <- b2 v + (1 - b2) h,  at steps 1, 1 + hessian_every, ...

The first step is a pure step of signs, because v is still 0.
Source: Liu et al. 2023 (arXiv 2305.14342), as in optax.contrib.sophia.
Group: second-order
"""


def train(
    w,
    g,
    m,
    v,
    lr,
    t,
    h,
    *,
    b1=0.965,
    b2=0.99,
    gamma=0.01,
    eps=1e-8,
    hessian_every=10,
    weight_decay=0.0001,
    lr_scale=0.0006,
):
    fresh = (t - 1) % hessian_every == 0
    m = interp(g, m, b1)
    m_hat = m / (1 - b1**t)
    u = clamp(m_hat / maximum(gamma * v, eps), -1, 1)
    v = where(fresh, interp(h, v, b2), v)
    return (u + w * weight_decay) * (lr * lr_scale), m, v
