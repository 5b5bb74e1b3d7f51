"""SAM in two steps of one gradient each: up from the weights, then down from them.

    odd t:   base <- w,  w <- w + rho g / ||g||
    even t:  w <- base - lr (g + weight_decay base)

Two steps see two batches, where SAM proper sees one; after an odd step the weights stand on the climbed point.
Source: Foret et al. 2021 (arXiv 2010.01412), as in optax.contrib.sam.
Group: gradient
"""


def train(w, g, base, lr, t, *, rho=0.05, weight_decay=0.0, lr_scale=0.1):
    climbs = t % 2 == 1
    base = where(climbs, w, base)
    up = -rho * g / global_norm(g)
    down = w - base + (g + base * weight_decay) * (lr * lr_scale)
    return where(climbs, up, down), base
