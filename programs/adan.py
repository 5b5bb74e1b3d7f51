"""Adan: Adam with Nesterov momentum made from differences of gradients.

    y <- g - g_before,  0 in the first step
    m <- b1 m + (1 - b1) g
    d <- b2 d + (1 - b2) y
    n <- b3 n + (1 - b3) (g + b2 y)^2
    u <- (m / (1 - b1^t) + b2 d / (1 - b2^t)) / (sqrt(n / (1 - b3^t)) + eps)
    w <- w - lr (u + weight_decay w)

The betas are those of the authors' code, 1 minus the paper's; the paper's decay divides w by 1 + lr weight_decay.
Source: Xie et al. 2022 (arXiv 2208.06677), algorithm 1 without restart.
Group: adaptive
"""


def train(w, g, m, d, n, g_before, lr, t, *, b1=0.98, b2=0.92, b3=0.99, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    y = where(t == 1, 0, g - g_before)
    m = interp(g, m, b1)
    d = interp(y, d, b2)
    n = interp(square(g + b2 * y), n, b3)
    m_hat = m / (1 - b1**t)
    d_hat = d / (1 - b2**t)
    n_hat = n / (1 - b3**t)
    u = (m_hat + b2 * d_hat) / (sqrt(n_hat) + eps)
    g_before = g
    return (u + w * weight_decay) * (lr * lr_scale), m, d, n, g_before
