"""Rprop: each weight has a step size that grows while its gradient keeps its sign.

    a = g g_last
    step <- clamp(step grow where a > 0, step shrink where a < 0, step_min, step_max), lr at the start
    g_last <- 0 where a < 0, else g
    w <- w - step sign(g_last)

The variant that forgets a gradient after a change of sign (iRprop-). The learning rate counts at the first step only.

Source: Riedmiller & Braun 1993 (ICNN); Igel & Huesken 2000 (NC), algorithm iRprop-.
Group: sign
"""


def train(w, g, step, g_last, lr, t, *, grow=1.2, shrink=0.5, step_min=1e-6, step_max=50.0, lr_scale=0.01):
    agreement = g * g_last
    factor = where(agreement > 0, grow, where(agreement < 0, shrink, 1))
    step = clamp(where(t == 1, lr * lr_scale, step) * factor, step_min, step_max)
    g_last = where(agreement < 0, 0, g)
    return sign(g_last) * step, step, g_last
