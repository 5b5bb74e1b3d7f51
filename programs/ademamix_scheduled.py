"""AdEMAMix with the warm-up of alpha and b3 that its paper recommends for long trainings.

    f = min(t / warmup, 1),  alpha_t = f alpha
    b3_t = exp(ln b1 ln b3 / ((1 - f) ln b3 + f ln b1)), which goes from b1 to b3
    m <- b1 m + (1 - b1) g
    s <- b3_t s + (1 - b3_t) g
    v <- b2 v + (1 - b2) g^2
    w <- w - lr ((m / (1 - b1^t) + alpha_t s) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

The paper's `warmup` is the number of steps of the whole training.

Source: Pagliardini, Ablin & Grangier 2024 (arXiv 2409.03137), section 3.
Group: adaptive
"""


def train(
    w, g, m, s, v, lr, t, *,
    b1=0.9, b2=0.999, b3=0.9999, alpha=5.0, warmup=1000.0, eps=1e-8, weight_decay=0.0, lr_scale=0.001,
):
    f = minimum(t / warmup, 1)
    b3_t = exp(log(b1) * log(b3) / ((1 - f) * log(b3) + f * log(b1)))
    m = interp(g, m, b1)
    s = interp(g, s, b3_t)
    v = interp(square(g), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return ((m_hat + f * alpha * s) / (sqrt(v_hat) + eps) + w * weight_decay) * (lr * lr_scale), m, s, v
