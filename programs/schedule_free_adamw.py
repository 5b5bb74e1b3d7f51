"""Schedule-Free AdamW: averaging in the place of momentum and of a schedule that decays.

    v <- b2 v + (1 - b2) g^2
    x <- (w - (1 - b1) z) / b1,  z from w
    z <- z - lr (g / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)
    c <- lr_max^weight_lr_power / (sum of it so far),  lr_max the largest lr so far
    x <- (1 - c) x + c z
    w <- b1 x + (1 - b1) z

The weights are y, where gradients are taken; the method's result is x = (w - (1 - b1) z) / b1. Made for a schedule
without decay, warm-up aside.
Source: Defazio et al. 2024 (arXiv 2405.15682), algorithm 1, and the authors' code.
Group: averaging
"""


def train(
    w,
    g,
    z,
    v,
    lr_max: scalar,
    total: scalar,
    lr,
    t,
    *,
    b1=0.9,
    b2=0.999,
    eps=1e-8,
    weight_lr_power=2.0,
    weight_decay=0.0,
    lr_scale=0.0025,
):
    rate = lr * lr_scale
    z = where(t == 1, w, z)
    x = (w - (1 - b1) * z) / b1
    v = interp(square(g), v, b2)
    u = g / (sqrt(v / (1 - b2**t)) + eps)
    z = z - (u + w * weight_decay) * rate
    lr_max = maximum(lr_max, rate)
    weight = lr_max**weight_lr_power
    total = total + weight
    x = interp(x, z, weight / total)
    return w - interp(z, x, b1), z, v, lr_max, total
