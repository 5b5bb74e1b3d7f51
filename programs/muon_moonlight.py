"""Muon as scaled up for Moonlight: an update as large as AdamW's, and weight decay.

    m <- b1 m + (1 - b1) g
    u <- b1 m + (1 - b1) g
    w <- w - lr (rms sqrt(max(rows, columns)) orthogonalize(u) + weight_decay w)

The scale gives every matrix an update of root mean square near `rms`, so AdamW's learning rate and decay fit.
On a vector the rule is close to rms times u's sign.
Source: Liu et al. 2025 (arXiv 2502.16982), section 2.2.
Group: matrix
"""


def train(w, g, m, lr, *, b1=0.95, rms=0.2, weight_decay=0.1, lr_scale=0.001):
    m = interp(g, m, b1)
    u = interp(g, m, b1)
    u = orthogonalize(u) * (rms * sqrt(maximum(rows(w), columns(w))))
    return (u + w * weight_decay) * (lr * lr_scale), m
