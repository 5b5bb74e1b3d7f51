"""Tiger: Signum with a longer memory and decoupled weight decay.

    m <- b1 m + (1 - b1) g
    w <- w - lr (sign(m) + weight_decay w)

Its author's code also multiplies the step by the root mean square of each weight matrix, which is left out here.

Source: Su 2023 (github.com/bojone/tiger).
Group: sign
"""


def train(w, g, m, lr, *, b1=0.965, weight_decay=0.01, lr_scale=0.001):
    m = interp(g, m, b1)
    return (sign(m) + w * weight_decay) * (lr * lr_scale), m
