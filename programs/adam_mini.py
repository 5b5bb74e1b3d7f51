"""Adam-mini: Adam with one second moment for a whole block, here each tensor.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) mean(g^2)
    w <- w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)

The paper splits attention by heads and embeddings by tokens, which takes knowledge of the model.
Source: Zhang et al. 2024 (arXiv 2406.16793), algorithm 1.
Group: adaptive
"""


def train(w, g, m, v: per_tensor, lr, t, *, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(mean(square(g)), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return (m_hat / (sqrt(v_hat) + eps) + w * weight_decay) * (lr * lr_scale), m, v
