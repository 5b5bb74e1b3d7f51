"""SAM with plain gradient descent: the gradient from where the loss is highest nearby.

    w <- w - lr (g_ahead + weight_decay w)

g_ahead is the same batch's gradient at w + rho g / ||g||: two gradients a step.
Source: Foret et al. 2021 (arXiv 2010.01412), algorithm 1.
Group: gradient
"""


def train(w, g, lr, g_ahead, *, rho=0.05, weight_decay=0.0, lr_scale=0.1):
    return (g_ahead + w * weight_decay) * (lr * lr_scale)
