"""AdaFactor: second moments kept as row and column means, and relative step sizes.

    b <- 1 - t^-decay
    r <- b r + (1 - b) row_mean(g^2 + eps1)
    c <- b c + (1 - b) column_mean(g^2 + eps1)
    u <- g / sqrt(r c / mean(r))
    u <- u / max(1, rms(u) / clip_threshold)
    w <- w - max(eps2, rms(w)) min(lr, 1 / sqrt(t)) u - lr weight_decay w

`lr` only caps the step 1 / sqrt(t). A vector is a stack of 1 x 1 matrices, for which r c / mean(r) is the full second
moment, as the paper wants it; the leading axes of a convolution kernel are a stack, too.
Source: Shazeer & Stern 2018 (arXiv 1804.04235), algorithms 4 and 5; decay as in PyTorch.
Group: matrix
"""


def train(
    w,
    g,
    r: column,
    c: row,
    lr,
    t,
    *,
    decay=0.8,
    eps1=1e-30,
    eps2=0.001,
    clip_threshold=1.0,
    weight_decay=0.0,
    lr_scale=0.01,
):
    rate = lr * lr_scale
    b = 1 - t**-decay
    g2 = square(g) + eps1
    r = interp(row_mean(g2), r, b)
    c = interp(column_mean(g2), c, b)
    u = g / sqrt(r / column_mean(r) * c)
    u = u / maximum(1, sqrt(mean(square(u))) / clip_threshold)
    scale = maximum(eps2, sqrt(mean(square(w))))
    return u * (scale * minimum(rate, 1 / sqrt(t))) + w * weight_decay * rate, r, c
