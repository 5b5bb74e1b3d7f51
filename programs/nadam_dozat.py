"""Nadam with Dozat's schedule, which warms the momentum up.

    mu_t = b1 (1 - 0.5 0.96^(t momentum_decay)),  p <- p mu_t, from 1
    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    m_hat = mu_(t+1) m / (1 - p mu_(t+1)) + (1 - mu_t) g / (1 - p)
    w <- w - lr (m_hat / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

Source: Dozat 2016 (ICLR workshop), in the form of PyTorch.
Group: adaptive
"""


def train(
    w, g, m, v, p: scalar, lr, t, *,
    b1=0.9, b2=0.999, eps=1e-8, momentum_decay=0.004, weight_decay=0.0, lr_scale=0.002,
):
    mu = b1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    mu_next = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    p = where(t == 1, 1, p) * mu
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m_hat = mu_next * m / (1 - p * mu_next) + (1 - mu) * g / (1 - p)
    v_hat = v / (1 - b2**t)
    return (m_hat / (sqrt(v_hat) + eps) + w * weight_decay) * (lr * lr_scale), m, v, p
