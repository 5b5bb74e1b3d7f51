"""Cautious AdamW: AdamW only where the update and the gradient agree in sign.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    u <- m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)
    k <- 1 where u g > 0, else 0
    w <- w - lr (u k size / (sum(k) + 1) + weight_decay w)

size and sum are of each tensor: what remains is scaled up to make good for what was dropped. The authors' code
divides by max(mean(k), 0.001) instead.
Source: Liang et al. 2024 (arXiv 2411.16085), on Loshchilov & Hutter 2019 (arXiv 1711.05101).
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.01, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    u = m_hat / (sqrt(v_hat) + eps)
    keep = u * g > 0
    u = u * keep * (size(w) / (sum(keep) + 1))
    return (u + w * weight_decay) * (lr * lr_scale), m, v
