"""Nesterov's accelerated gradient, in the form that takes the gradient at w.

Source: Nesterov 1983; Sutskever et al. 2013, section 2.
"""


def train(w, g, m, lr, *, b1=0.9, weight_decay=0.0, lr_scale=0.01):
    m = m * b1 + g
    return (m * b1 + g + w * weight_decay) * (lr * lr_scale), m
