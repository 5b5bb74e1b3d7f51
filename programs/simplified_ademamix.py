"""Simplified AdEMAMix: Adam with a sum of gradients, to which the last one is added again.

    m <- b1 m + g
    v <- b2 v + (1 - b2) g^2
    w <- w - lr ((m + alpha g) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

m is a sum, not a mean: the learning rate is about 1 - b1 times Adam's.
Source: Morwani et al. 2025 (arXiv 2502.02431), as in optax.contrib.simplified_ademamix.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.99, b2=0.95, alpha=0.0, eps=1e-8, weight_decay=0.0, lr_scale=0.0001):
    m = b1 * m + g
    v = interp(square(g), v, b2)
    u = (m + alpha * g) / (sqrt(v / (1 - b2**t)) + eps)
    return (u + w * weight_decay) * (lr * lr_scale), m, v
