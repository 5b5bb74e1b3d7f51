"""Prodigy: AdamW that estimates the distance to the solution, its learning rate.

    eta <- lr d sqrt(1 - b2^t) / (1 - b1^t),  d from d0
    m <- b1 m + (1 - b1) d g
    v <- b2 v + (1 - b2) (d g)^2
    s <- b3 s + eta d / d0 g,  b3 = sqrt(b2)
    q <- b3 q + eta d / d0 <g, w0 - w>,  w0 the first weights
    d <- max(d, d_coef q / ||s||_1)
    w <- w - eta (m / (sqrt(v) + d eps) + weight_decay w)

`lr` is 1 but for the schedule. <,> and the norm are over the whole tree.
Source: Mishchenko & Defazio 2023 (arXiv 2306.06101), with bias correction as in optax.contrib.prodigy.
Group: parameter-free
"""


def train(
    w,
    g,
    m,
    v,
    s,
    w0,
    d: scalar,
    q: scalar,
    lr,
    t,
    *,
    b1=0.9,
    b2=0.999,
    eps=1e-8,
    d0=1e-6,
    d_coef=1.0,
    weight_decay=0.0,
    lr_scale=1.0,
):
    first = t == 1
    w0 = where(first, w, w0)
    d = where(first, d0, d)
    b3 = sqrt(b2)
    eta = lr * lr_scale * d * sqrt(1 - b2**t) / (1 - b1**t)
    weight = eta * d / d0
    m = interp(d * g, m, b1)
    v = interp(square(d * g), v, b2)
    s = b3 * s + weight * g
    q = b3 * q + weight * dot(g, w0 - w)
    d = maximum(d, d_coef * q / global_sum(abs(s)))
    return (m / (sqrt(v) + d * eps) + w * weight_decay) * eta, m, v, s, w0, d, q
