"""MARS-AdamW: AdamW on gradients that the step before corrects.

    c <- g + gamma b1 / (1 - b1) (g - g_before)
    c <- c / max(1, ||c||)
    m <- b1 m + (1 - b1) c
    v <- b2 v + (1 - b2) c^2
    w <- w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

The approximate form: g_before is the last batch's gradient at the last weights, 0 in the first step. || || is of each
tensor. The authors leave vectors to AdamW.
Source: Yuan et al. 2024 (arXiv 2411.10438), algorithm 2, and the authors' code.
Group: variance-reduction
"""


def train(w, g, m, v, g_before, lr, t, *, b1=0.95, b2=0.99, gamma=0.025, eps=1e-8, weight_decay=0.0, lr_scale=0.003):
    c = g + gamma * b1 / (1 - b1) * (g - g_before)
    c = c / maximum(1, norm(c))
    m = interp(c, m, b1)
    v = interp(square(c), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    g_before = g
    return (m_hat / (sqrt(v_hat) + eps) + w * weight_decay) * (lr * lr_scale), m, v, g_before
