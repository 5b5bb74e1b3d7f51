"""Rectified Adam: momentum until the second moment is known well enough, then Adam.

    m <- b1 m + (1 - b1) g,    m_hat = m / (1 - b1^t)
    v <- b2 v + (1 - b2) g^2,  v_hat = v / (1 - b2^t)
    rho_inf = 2 / (1 - b2) - 1,  rho = rho_inf - 2 t b2^t / (1 - b2^t)
    r = sqrt((rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho))
    u = r m_hat / (sqrt(v_hat) + eps) where rho > threshold, else m_hat
    w <- w - lr (u + weight_decay w)

The paper's threshold is 4; its code, optax and PyTorch have 5.

Source: Liu et al. 2020 (arXiv 1908.03265), algorithm 2.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, threshold=5.0, weight_decay=0.0, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    rho_inf = 2 / (1 - b2) - 1
    rho = rho_inf - 2 * t * b2**t / (1 - b2**t)
    r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
    update = where(rho > threshold, r * m_hat / (sqrt(v_hat) + eps), m_hat)
    return (update + w * weight_decay) * (lr * lr_scale), m, v
