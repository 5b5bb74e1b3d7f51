"""D-Adapt AdamW: AdamW that estimates its learning rate from a bound of the distance.

    eta <- lr d sqrt(1 - b2^t) / (1 - b1^t),  d from d0
    q <- b3 q + (1 - b3) eta <g, s / (sqrt(v) + eps)>,  b3 = sqrt(b2)
    m <- b1 m + (1 - b1) eta g
    v <- b2 v + (1 - b2) g^2
    s <- b3 s + (1 - b3) eta g
    d <- max(d, q / ((1 - b3) ||s||_1))
    w <- w - m / (sqrt(v) + eps) - eta weight_decay w

`lr` is 1 but for the schedule. <,> and the norm are over the whole tree.
Source: Defazio & Mishchenko 2023 (arXiv 2301.07733), as in optax.contrib.dadapt_adamw.
Group: parameter-free
"""


def train(
    w,
    g,
    m,
    v,
    s,
    d: scalar,
    q: scalar,
    lr,
    t,
    *,
    b1=0.9,
    b2=0.999,
    eps=1e-8,
    d0=1e-6,
    weight_decay=0.0,
    lr_scale=1.0,
):
    b3 = sqrt(b2)
    d = where(t == 1, d0, d)
    eta = lr * lr_scale * d * sqrt(1 - b2**t) / (1 - b1**t)
    q = interp(eta * dot(g, s / (sqrt(v) + eps)), q, b3)
    m = interp(eta * g, m, b1)
    v = interp(square(g), v, b2)
    s = interp(eta * g, s, b3)
    d = maximum(d, q / ((1 - b3) * global_sum(abs(s))))
    return m / (sqrt(v) + eps) + w * weight_decay * eta, m, v, s, d, q
