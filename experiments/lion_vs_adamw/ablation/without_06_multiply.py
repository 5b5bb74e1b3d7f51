"""The raw program from which Lion was distilled, as the search found it.

    g <- arcsin(clip(g, lr))
    m = 0.1 g + 0.9 v
    v <- 1.109 m - 0.109 g
    w <- w - 0.000217 lr (sign(m) + 0.46 w)

That is what its 21 statements come to; here they all stand as they were found.

Source: Chen et al. 2023 (arXiv 2302.06675), appendix (program 8).
Group: sign
"""


def train(w, g, v, lr):
    g = clip(g, lr)
    g = arcsin(g)
    m = interp(g, v, 0.8999999761581421)
    v1 = m * m
    v = interp(g, m, 1.109133005142212)
    lr = lr * 0.0002171761734643951
    update = m
    v1 = sqrt(v1)
    update = update / v1
    wd = lr * 0.4601978361606598
    wd = wd * w
    update = update + wd
    return update, v
