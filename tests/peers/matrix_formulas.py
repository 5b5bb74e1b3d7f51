"""Methods on matrices, written from their papers' equations, with other decompositions than the language uses.

A leaf is a stack of matrices over its last two axes; a vector or a number is a stack of 1 x 1 matrices.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from .formulas import each_leaf


def each_matrix(rule):
    """Return a `run` that applies a rule to each matrix of each leaf on its own."""

    def apply(s, w, g, lr, t, h):
        shape = w.shape if w.ndim > 1 else (*w.shape, 1, 1)
        stacks = [x.reshape(-1, *shape[-2:]) for x in (w, g)]
        states = s.setdefault("matrices", [defaultdict(float) for _ in stacks[0]])
        found = [rule(state, a, b, lr, t, h) for state, a, b in zip(states, *stacks, strict=True)]
        return np.reshape(found, w.shape)

    return each_leaf(apply)


def orthogonalized(x):
    """Return what five steps of Muon's iteration make of x, by what they do to its singular values."""
    u, values, v = np.linalg.svd(x, full_matrices=False)
    values = values / np.sqrt(np.sum(values**2))
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return u @ np.diag(values) @ v


def muon(s, w, g, lr, t, h):
    """Jordan et al. 2024; the input has `columns` outputs and `rows` inputs."""
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    ahead = h.b1 * s["m"] + (1 - h.b1) * g
    rows, columns = w.shape
    return w - lr * (max(1, columns / rows) ** 0.5 * orthogonalized(ahead) + h.weight_decay * w)


def moonlight(s, w, g, lr, t, h):
    """Liu et al. 2025, equation 4: every update has the size of `rms` times the root of its elements' number."""
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    ahead = h.b1 * s["m"] + (1 - h.b1) * g
    return w - lr * (h.rms * max(w.shape) ** 0.5 * orthogonalized(ahead) + h.weight_decay * w)


def lion(s, w, g, lr, t, h):
    """Chen, Li & Liu 2025, Lion-K for the nuclear norm; steps are as large as the root of the inputs' number."""
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    ahead = h.b2 * s["m"] + (1 - h.b2) * g
    return w - lr * (h.scale * w.shape[0] ** 0.5 * orthogonalized(ahead) + h.weight_decay * w)


def corrected_muon(s, w, g, lr, t, h):
    """The same as optax has it: momentum is corrected for a step more than the gradient."""
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    ahead = h.b1 * s["m"] / (1 - h.b1 ** (t + 1)) + (1 - h.b1) * g / (1 - h.b1**t)
    rows, columns = w.shape
    return w - lr * (max(1, columns / rows) ** 0.5 * orthogonalized(ahead) + h.weight_decay * w)


def _root_of_gram(x, eps):
    """Return (eps I + x x')^(-1/4), from the singular values of x, so that none of eps is lost."""
    basis, values, _ = np.linalg.svd(x, full_matrices=x.shape[1] < len(x))
    squares = np.zeros(len(basis))
    squares[: len(values)] = values**2
    return basis @ np.diag((eps + squares) ** -0.25) @ basis.T


def shampoo(s, w, g, lr, t, h):
    """Gupta et al. 2018, algorithm 1: the preconditioners are those of all gradients side by side."""
    s["past"] = [*(s["past"] or []), g]
    left = _root_of_gram(np.hstack(s["past"]), h.eps)
    right = _root_of_gram(np.hstack([x.T for x in s["past"]]), h.eps)
    return w - lr * (left @ g @ right + h.weight_decay * w)


def soap(s, w, g, lr, t, h):
    """Vyas et al. 2024, algorithm 3, in the order of the authors' code: the first step finds the bases only.

    Where g g' has several eigenvalues of 0, its eigenvectors are a free choice: it must be made as the program does.
    """
    if t > 1:
        left, right = s["QL"], s["QR"]
        s["M"] = h.b1 * s["M"] + (1 - h.b1) * g
        s["V"] = h.b2 * s["V"] + (1 - h.b2) * (left.T @ g @ right) ** 2
        first, second = s["M"] / (1 - h.b1 ** (t - 1)), s["V"] / (1 - h.b2 ** (t - 1))
        eps = h.eps / np.sqrt(1 - h.b2 ** (t - 1))
        step = left @ ((left.T @ first @ right) / (np.sqrt(second) + eps)) @ right.T
    else:
        step = np.zeros_like(w)
    s["L"] = h.b2 * s["L"] + (1 - h.b2) * (g @ g.T)
    s["R"] = h.b2 * s["R"] + (1 - h.b2) * (g.T @ g)
    if t == 1:
        s["QL"], s["QR"] = np.linalg.eigh(-s["L"])[1], np.linalg.eigh(-s["R"])[1]
    elif (t - 1) % h.precondition_every == 0:
        s["QL"], s["QR"] = np.linalg.qr(s["L"] @ s["QL"])[0], np.linalg.qr(s["R"] @ s["QR"])[0]
    return w - lr * (step + h.weight_decay * w)


def _mean_square(x):
    return np.mean(x**2)


def adafactor(s, w, g, lr, t, h):
    """Shazeer & Stern 2018, algorithms 4 and 5 on each matrix of a stack; algorithm 5 on what is not a matrix.

    The clipping and the scale are those of the whole leaf.
    """
    decay = 1 - t ** (-h.decay)
    squares = g**2 + h.eps1
    if w.ndim > 1:
        s["R"] = decay * s["R"] + (1 - decay) * squares.sum(-1)
        s["C"] = decay * s["C"] + (1 - decay) * squares.sum(-2)
        second = np.einsum("...i,...j->...ij", s["R"], s["C"]) / s["R"].sum(-1)[..., None, None]
    else:
        second = s["V"] = decay * s["V"] + (1 - decay) * squares
    step = g / np.sqrt(second)
    step = step / max(1.0, _mean_square(step) ** 0.5 / h.clip_threshold)
    rate = max(h.eps2, _mean_square(w) ** 0.5) * min(lr, t**-0.5)
    return w - rate * step - lr * h.weight_decay * w
