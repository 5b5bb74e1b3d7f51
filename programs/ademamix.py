"""AdEMAMix: Adam with a second, much slower momentum.

    m <- b1 m + (1 - b1) g
    s <- b3 s + (1 - b3) g
    v <- b2 v + (1 - b2) g^2
    w <- w - lr ((m / (1 - b1^t) + alpha s) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

The slow momentum has no bias correction; `ademamix_scheduled` warms alpha and b3 up.

Source: Pagliardini, Ablin & Grangier 2024 (arXiv 2409.03137), algorithm 1.
Group: adaptive
"""


def train(w, g, m, s, v, lr, t, *, b1=0.9, b2=0.999, b3=0.9999, alpha=5.0, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    m = interp(g, m, b1)
    s = interp(g, s, b3)
    v = interp(square(g), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return ((m_hat + alpha * s) / (sqrt(v_hat) + eps) + w * weight_decay) * (lr * lr_scale), m, s, v
