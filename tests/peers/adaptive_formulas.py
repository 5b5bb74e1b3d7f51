"""Adaptive methods, each rule written from its paper's equations: see `formulas.LeafRule`."""

from __future__ import annotations

import numpy as np


def adagrad(s, w, g, lr, t, h):
    """Duchi et al. 2011, with epsilon outside the root."""
    s["G"] = s["G"] + g**2
    return w - lr * (g / (h.eps + np.sqrt(s["G"])) + h.weight_decay * w)


def adamw_without_correction(s, w, g, lr, t, h):
    """Chen et al. 2023, program 3."""
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    s["v"] = h.b2 * s["v"] + (1 - h.b2) * g**2
    return w - lr * (s["m"] / np.sqrt(s["v"]) + h.weight_decay * w)


def _moments(s, g, t, h):
    """Return Adam's corrected moments (Kingma & Ba 2015, algorithm 1), summed from all past gradients."""
    s["past"] = [*(s["past"] or []), g]
    ages = np.arange(t - 1, -1, -1)
    return tuple(
        np.tensordot(b**ages / np.sum(b**ages), np.stack(s["past"]) ** power, 1) for b, power in ((h.b1, 1), (h.b2, 2))
    )


def adamw_with_epsilon(s, w, g, lr, t, h):
    """The same with epsilon added to the root."""
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    s["v"] = h.b2 * s["v"] + (1 - h.b2) * g**2
    return w - lr * (s["m"] / (h.eps + np.sqrt(s["v"])) + h.weight_decay * w)


def eadam(s, w, g, lr, t, h):
    """Yuan & Gao 2020: epsilon is added to the running second moment itself."""
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    s["v"] = h.b2 * s["v"] + (1 - h.b2) * g**2 + h.eps
    return w - lr * (s["m"] / (1 - h.b1**t) / np.sqrt(s["v"] / (1 - h.b2**t)) + h.weight_decay * w)


def scheduled_ademamix(s, w, g, lr, t, h):
    """Pagliardini et al. 2024, algorithm 1 with the schedulers of section 3."""
    alpha = min(t * h.alpha / h.warmup, h.alpha)
    share = min(t / h.warmup, 1.0)
    b3 = np.exp(np.log(h.b1) * np.log(h.b3) / ((1 - share) * np.log(h.b3) + share * np.log(h.b1)))
    first, second = _moments(s, g, t, h)
    s["slow"] = b3 * s["slow"] + (1 - b3) * g
    return w - lr * ((first + alpha * s["slow"]) / (np.sqrt(second) + h.eps) + h.weight_decay * w)


def dozat_nadam(s, w, g, lr, t, h):
    """Dozat 2016, algorithm 2, with the momentum schedule of its section on warming."""

    def momentum(k):
        return h.b1 * (1 - 0.5 * 0.96 ** (k * h.momentum_decay))

    product = np.prod([momentum(k) for k in range(1, t + 1)])
    _, second = _moments(s, g, t, h)
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    ahead = momentum(t + 1) * s["m"] / (1 - product * momentum(t + 1)) + (1 - momentum(t)) * g / (1 - product)
    return w - lr * (ahead / (np.sqrt(second) + h.eps) + h.weight_decay * w)


def amsgrad_of_raw_moment(s, w, g, lr, t, h):
    """Reddi et al. 2018 as PyTorch has it: the largest raw second moment, then bias correction."""
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    s["v"] = h.b2 * s["v"] + (1 - h.b2) * g**2
    s["largest"] = np.maximum(s["largest"], s["v"])
    root = np.sqrt(s["largest"]) / np.sqrt(1 - h.b2**t)
    return w - lr * (s["m"] / (1 - h.b1**t) / (root + h.eps) + h.weight_decay * w)


def adan(s, w, g, lr, t, h):
    """Xie et al. 2022, algorithm 1; our decay rates are one minus the paper's betas; corrected as in its code."""
    change = g - s["g"] if t > 1 else np.zeros_like(g)
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    s["d"] = h.b2 * s["d"] + (1 - h.b2) * change
    s["n"] = h.b3 * s["n"] + (1 - h.b3) * (g + h.b2 * change) ** 2
    s["g"] = g
    step = s["m"] / (1 - h.b1**t) + h.b2 * s["d"] / (1 - h.b2**t)
    return w - lr * (step / (np.sqrt(s["n"] / (1 - h.b3**t)) + h.eps) + h.weight_decay * w)


def mars_adamw(s, w, g, lr, t, h):
    """Yuan et al. 2024, algorithm 2 (MARS-AdamW), with the previous gradient for the one at the previous weights."""
    before = s["g"] if t > 1 else np.zeros_like(g)
    s["g"] = g
    corrected = g + h.gamma * h.b1 / (1 - h.b1) * (g - before)
    length = np.sqrt(np.sum(corrected**2))
    first, second = _moments(s, corrected / length if length > 1 else corrected, t, h)
    return w - lr * (first / (np.sqrt(second) + h.eps) + h.weight_decay * w)


def cautious_adamw(s, w, g, lr, t, h):
    """Liang et al. 2024, algorithm 1 on AdamW."""
    first, second = _moments(s, g, t, h)
    step = first / (np.sqrt(second) + h.eps)
    agree = step * g > 0
    return w - lr * (step * agree * (w.size / (np.count_nonzero(agree) + 1)) + h.weight_decay * w)


def cautious_lion(s, w, g, lr, t, h):
    """Liang et al. 2024, algorithm 1 on Lion."""
    step = np.sign(h.b1 * s["m"] + (1 - h.b1) * g)
    s["m"] = h.b2 * s["m"] + (1 - h.b2) * g
    agree = step * g > 0
    return w - lr * (step * agree * (w.size / (np.count_nonzero(agree) + 1)) + h.weight_decay * w)


def grams(s, w, g, lr, t, h):
    """Cao et al. 2024: Adam's magnitude, the gradient's sign."""
    first, second = _moments(s, g, t, h)
    return w - lr * (np.sign(g) * np.abs(first / (np.sqrt(second) + h.eps)) + h.weight_decay * w)


def adam_mini(s, w, g, lr, t, h):
    """Zhang et al. 2024, algorithm 1, with one block for each tensor."""
    first, second = _moments(s, g, t, h)  # the mean of averages is the average of means
    return w - lr * (first / (np.sqrt(np.mean(second)) + h.eps) + h.weight_decay * w)


def adam_atan2(s, w, g, lr, t, h):
    """Everett et al. 2024, section 5: atan2 for the division, with the scale of lucidrains' package."""
    first, second = _moments(s, g, t, h)
    return w - lr * (h.a * np.arctan2(first, h.b * np.sqrt(second)) + h.weight_decay * w)


def madgrad(s, w, g, lr, t, h):
    """Defazio & Jelassi 2021, algorithm 1, with the authors' code's epsilon on the rate."""
    if t == 1:
        s["x0"] = w
    weight = (lr + h.eps) * t**0.5
    s["s"] = s["s"] + weight * g
    s["v"] = s["v"] + weight * g**2
    target = s["x0"] - s["s"] / (s["v"] ** (1 / 3) + h.eps)
    return h.b1 * w + (1 - h.b1) * target


def rprop(s, w, g, lr, t, h):
    """Igel & Huesken 2000, iRprop-, element by element as in its pseudocode."""
    if t == 1:
        s["step"], s["g"] = np.full(w.shape, lr), np.zeros(w.shape)
    result = np.array(w)
    for i in np.ndindex(w.shape):
        slope = g[i]
        if s["g"][i] * slope > 0:
            s["step"][i] = min(s["step"][i] * h.grow, h.step_max)
        elif s["g"][i] * slope < 0:
            s["step"][i] = max(s["step"][i] * h.shrink, h.step_min)
            slope = 0.0
        result[i] = w[i] - np.sign(slope) * s["step"][i]
        s["g"][i] = slope
    return result


def quickprop(s, w, g, lr, t, h):
    """Fahlman 1988, element by element in the order of FANN's `fann_update_weights_quickprop`, without its decay."""
    if t == 1:
        s["step"], s["slope"] = np.zeros(w.shape), np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        slope, previous, step = -g[i], s["slope"][i], s["step"][i]
        if abs(step) > h.threshold:
            side = 1.0 if step > 0 else -1.0
            following = lr * slope if side * slope > 0 else 0.0
            if side * slope > side * h.mu / (1 + h.mu) * previous:
                following += h.mu * step
            else:
                following += step * slope / (previous - slope)
        else:
            following = lr * slope
        s["step"][i], s["slope"][i] = following, slope
    return w + s["step"]
