"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner.

    g' <- ql^T g qr
    m <- b1 m + (1 - b1) g
    v <- b2 v + (1 - b2) g'^2
    n <- (ql^T m qr) / (sqrt(v) + eps) sqrt(1 - b2^s) / (1 - b1^s),  s = t - 1
    w <- w - lr (ql n qr^T + weight_decay w)
    l <- b2 l + (1 - b2) g g^T
    r <- b2 r + (1 - b2) g^T g
    every `precondition_every` steps:  ql <- Q of the QR decomposition of l ql,  qr <- that of r qr

The first step only finds the bases, the eigenvectors of l and r, largest eigenvalue first; the weights only decay. The
authors' code also sorts the bases' columns by their estimated eigenvalues before each QR; this does not. On a vector
it is Adam, a step late. Meant for matrices: its authors leave wide sides (vocabularies) without a preconditioner.
Source: Vyas et al. 2024 (arXiv 2409.11321), algorithms 3 and 4, and the authors' code.
Group: matrix
"""


def train(
    w,
    g,
    m,
    v,
    l: left,
    r: right,
    ql: left,
    qr: right,
    lr,
    t,
    *,
    b1=0.95,
    b2=0.95,
    eps=1e-8,
    precondition_every=10,
    weight_decay=0.01,
    lr_scale=0.003,
):
    first = t == 1
    steps = t - 1
    m = where(first, 0, interp(g, m, b1))
    v = interp(square(matmul(matmul(transpose(ql), g), qr)), v, b2)
    n = matmul(matmul(transpose(ql), m), qr) / (sqrt(v) + eps)
    n = n * (sqrt(1 - b2**steps) / (1 - b1**steps))
    u = matmul(matmul(ql, n), transpose(qr))
    l = interp(matmul(g, transpose(g)), l, b2)
    r = interp(matmul(transpose(g), g), r, b2)
    refresh = steps % precondition_every == 0
    ql = where(first, eigenvectors(-l), where(refresh, orthonormal(matmul(l, ql)), ql))
    qr = where(first, eigenvectors(-r), where(refresh, orthonormal(matmul(r, qr)), qr))
    return (u + w * weight_decay) * (lr * lr_scale), m, v, l, r, ql, qr
