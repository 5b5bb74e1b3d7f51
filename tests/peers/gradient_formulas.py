"""Methods without running second moments, each rule written from its paper's equations: see `formulas`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np


def length(leaves):
    """Return the norm of all leaves together."""
    return np.linalg.norm(np.concatenate([leaf.ravel() for leaf in leaves]))


def momentum_with_the_rate_inside(s, w, g, lr, t, h):
    """Polyak 1964: the velocity holds steps, not gradients."""
    s["step"] = h.b1 * s["step"] - lr * g
    return w + s["step"] - lr * h.weight_decay * w


def regularized_momentum(s, w, g, lr, t, h):
    """Heavy ball on the loss plus weight_decay / 2 ||w||^2."""
    s["m"] = h.b1 * s["m"] + g + h.weight_decay * w
    return w - lr * s["m"]


def normalized_descent(s, weights, t, lr, problem, h):
    """Hazan, Levy & Shalev-Shwartz 2015, algorithm 1."""
    gradient = problem.gradient(t, weights)
    return [w - lr * g / length(gradient) for w, g in zip(weights, gradient, strict=True)]


def adagrad_norm(s, weights, t, lr, problem, h):
    """Ward, Wu & Bottou 2020, algorithm 1, from b_0."""
    gradient = problem.gradient(t, weights)
    s["squares"] = (s["squares"] or h.b0**2) + length(gradient) ** 2
    return [w - lr / np.sqrt(s["squares"]) * g for w, g in zip(weights, gradient, strict=True)]


def raw_lion(s, weights, t, lr, problem, h):
    """The published program reduced by hand: two constants multiply to one decay, and m / |m| is a sign."""
    a, b = 0.8999999761581421, 1.109133005142212
    rate, decay = 0.0002171761734643951 * lr, 0.4601978361606598
    gradient = problem.gradient(t, weights)
    bent = [np.arcsin(g * min(1.0, lr / length(gradient))) for g in gradient]
    old = s["v"] or [0.0] * len(bent)
    s["v"] = [a * b * v + (1 - a * b) * g for v, g in zip(old, bent, strict=True)]
    steps = [np.sign(a * v + (1 - a) * g) for v, g in zip(old, bent, strict=True)]
    return [w - rate * (step + decay * w) for w, step in zip(weights, steps, strict=True)]


def apollo(s, w, g, lr, t, h):
    """Ma 2020, algorithm 1: `B` is diagonal, `d` the last direction."""
    if t == 1:
        s["m"], s["B"], s["d"] = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    rate = (1 - h.b1) / (1 - h.b1**t)
    old = s["m"]
    s["m"] = h.b1 * (1 - h.b1 ** (t - 1)) / (1 - h.b1**t) * old + rate * g
    size = np.sum(np.abs(s["d"]) ** 4) ** 0.25 + h.eps
    direction = s["d"] / size
    change = (s["m"] - old) / size
    alpha = np.vdot(direction, change) + np.vdot(direction, s["B"] * direction)
    s["B"] = s["B"] - alpha * direction**2
    s["d"] = s["m"] / np.maximum(np.abs(s["B"]), h.bound)
    return w - lr * (s["d"] + h.weight_decay * w)


def rescaled_apollo(s, w, g, lr, t, h):
    """Version 3 measures the rate, the bound and epsilon in units of the bound."""
    return apollo(s, w, g, lr, t, SimpleNamespace(**{**vars(h), "eps": h.eps / h.bound}))
