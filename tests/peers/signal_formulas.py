"""Methods that need more than a gradient, or learn their learning rate, from their papers' equations."""

from __future__ import annotations

import numpy as np

from .gradient_formulas import length


def _sophia(estimate):
    def rule(s, weights, t, lr, problem, h):
        """Liu et al. 2023, algorithm 3."""
        gradient = problem.gradient(t, weights)
        s["m"] = [h.b1 * m + (1 - h.b1) * g for m, g in zip(s["m"] or [0.0] * len(gradient), gradient, strict=True)]
        if t % h.hessian_every == 1 % h.hessian_every:
            fresh = estimate(problem, t, weights)
            s["h"] = [h.b2 * v + (1 - h.b2) * x for v, x in zip(s["h"] or [0.0] * len(fresh), fresh, strict=True)]
        ratios = [m / np.maximum(h.gamma * v, h.eps) for m, v in zip(s["m"], s["h"], strict=True)]
        decayed = [w - lr * h.weight_decay * w for w in weights]
        return [w - lr * np.clip(x, -1, 1) for w, x in zip(decayed, ratios, strict=True)]

    return rule


sophia = _sophia(lambda problem, t, weights: problem.hessian(t, weights))
sophia_g = _sophia(lambda problem, t, weights: problem.gauss_newton(t, weights))


def adahessian(s, weights, t, lr, problem, h):
    """Yao et al. 2020, algorithm 1, without spatial averaging."""
    gradient, hessian = problem.gradient(t, weights), problem.hessian(t, weights)
    s["past"] = [*(s["past"] or []), (gradient, hessian)]
    ages = np.arange(t - 1, -1, -1)
    following = []
    for i, w in enumerate(weights):
        first = sum(h.b1**age * g[i] for age, (g, _) in zip(ages, s["past"], strict=True)) * (1 - h.b1)
        second = sum(h.b2**age * d[i] ** 2 for age, (_, d) in zip(ages, s["past"], strict=True)) * (1 - h.b2)
        root = (second / (1 - h.b2**t)) ** (h.hessian_power / 2)
        following.append(w - lr * (first / (1 - h.b1**t) / (root + h.eps) + h.weight_decay * w))
    return following


def sharpness_aware(s, weights, t, lr, problem, h):
    """Foret et al. 2021, algorithm 1."""
    gradient = problem.gradient(t, weights)
    climbed = [w + h.rho * g / length(gradient) for w, g in zip(weights, gradient, strict=True)]
    ahead = problem.gradient(t, climbed)
    return [w - lr * (g + h.weight_decay * w) for w, g in zip(weights, ahead, strict=True)]


def svrg(s, weights, t, lr, problem, h):
    """Johnson & Zhang 2013, figure 1: inner loops of `anchor_every` steps from the last iterate."""
    if (t - 1) % h.anchor_every == 0:
        s["snapshot"], s["mean"] = weights, problem.full_gradient(weights)
    terms = zip(problem.gradient(t, weights), problem.gradient(t, s["snapshot"]), s["mean"], strict=True)
    steps = [g - old + mean for g, old, mean in terms]
    return [w - lr * (step + h.weight_decay * w) for w, step in zip(weights, steps, strict=True)]


def distance_over_gradients(s, weights, t, lr, problem, h):
    """Ivgi et al. 2023, equation 1 and its tamed first step; decoupled weight decay."""
    s["path"] = [*(s["path"] or []), weights]
    s["squares"] += length(problem.gradient(t, weights)) ** 2
    start = s["path"][0]
    distances = [length([x - y for x, y in zip(point, start, strict=True)]) for point in s["path"]]
    rate = lr * max(h.r0 * (1 + length(start)), *distances, 0.0) / np.sqrt(s["squares"] + h.eps)
    gradient = problem.gradient(t, weights)
    return [w - rate * (g + h.weight_decay * w) for w, g in zip(weights, gradient, strict=True)]


def polyak(s, weights, t, lr, problem, h):
    """Loizou et al. 2021, SPS_max with c = 1."""
    gradient = problem.gradient(t, weights)
    step = min((problem.loss(t, weights) - h.f_min) / (length(gradient) ** 2 + h.eps), h.max_step)
    return [w - lr * step * g for w, g in zip(weights, gradient, strict=True)]
