"""MoMo: momentum with a step size from a model of the loss.

    m <- b m + (1 - b) g,  b = b1, 0 in the first step
    f <- b f + (1 - b) loss
    p <- b p + (1 - b) <g, w>
    a <- 1 + lr weight_decay
    step <- min(lr, max(a (f - lower_bound - p) + <m, w>, 0) / ||m||^2)
    w <- w - step m - lr weight_decay / a w

`lr` only caps the step; <,> and the norm are over the whole tree.
Source: Schaipp et al. 2023 (arXiv 2305.07583), algorithm 1.
Group: parameter-free
"""


def train(w, g, m, f: scalar, p: scalar, lr, t, loss, *, b1=0.9, lower_bound=0.0, weight_decay=0.0, lr_scale=1.0):
    rate = lr * lr_scale
    b = where(t == 1, 0, b1)
    m = interp(g, m, b)
    f = interp(loss, f, b)
    p = interp(dot(g, w), p, b)
    a = 1 + rate * weight_decay
    gap = maximum(a * (f - lower_bound - p) + dot(m, w), 0)
    step = minimum(rate, gap / dot(m, m))
    return m * step + w * (rate * weight_decay / a), m, f, p
