"""Adam-atan2: Adam without epsilon, the quotient replaced by an angle.

    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g^2
    w <- w - lr (a arctan2(m / (1 - b1^t), b sqrt(v / (1 - b2^t))) + weight_decay w)

Source: Everett et al. 2024 (arXiv 2407.05872); defaults of the package adam-atan2-pytorch.
Group: adaptive
"""


def train(w, g, m, v, lr, t, *, b1=0.9, b2=0.99, a=1.27, b=1.0, weight_decay=0.0, lr_scale=0.0001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return (a * arctan2(m_hat, b * sqrt(v_hat)) + w * weight_decay) * (lr * lr_scale), m, v
