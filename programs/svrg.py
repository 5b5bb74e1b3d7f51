"""SVRG: gradients corrected by those at an anchor, an older copy of the weights.

    w <- w - lr (g - g_anchor + g_full + weight_decay w)

The anchor moves to the weights every `anchor_every` steps; g_full is its gradient over all training examples.
Source: Johnson & Zhang 2013 (NeurIPS 26), figure 1, option I.
Group: variance-reduction
"""


def train(w, g, lr, g_anchor, g_full, *, anchor_every=30, weight_decay=0.0, lr_scale=0.1):
    return (g - g_anchor + g_full + w * weight_decay) * (lr * lr_scale)
