"""Transforms and schedules that optax has, each around a program; those that no package has as formulas."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import optax

from .formulas import each_leaf, whole_tree
from .gradient_formulas import length
from .optax_runs import Schedule, decayed, whole_row
from .peer import Peer

_SGD = {"weight_decay": 0.1}
_ADAM = {"b1": 0.8, "b2": 0.97, "eps": 1e-3}


def _around_sgd(name: str, by: str, make: Any, changed: dict[str, float]) -> Peer:
    """Return the row of a transformation of the gradient before a step of gradient descent."""
    return whole_row(f"{name}(sgd)", by, lambda lr, h: decayed(make(h), lr, h.weight_decay), {**changed, **_SGD})


def _schedule(name: str, by: str, make: Any, changed: dict[str, float]) -> Peer:
    """Return the row of a schedule, which multiplies the learning rate of gradient descent.

    It gets a count of float64: whole numbers are divided in float32.
    """

    def scheduled(lr: Schedule, h: SimpleNamespace) -> Any:
        return decayed(optax.identity(), lambda count: lr(count) * make(h)(1.0 * count), h.weight_decay)

    return whole_row(f"{name}(sgd)", by, scheduled, {**changed, **_SGD}, jit=False, leaves=("vector",))


def _lookahead(lr: Schedule, h: SimpleNamespace) -> Any:
    """Return optax.lookahead with the slow weights in its state instead of beside the fast ones."""
    inner = optax.lookahead(decayed(optax.identity(), lr, h.weight_decay), int(h.k), h.alpha)

    def init(params: Any) -> Any:
        return inner.init(optax.LookaheadParams(params, params)), params

    def update(gradient: Any, state: Any, params: Any = None) -> Any:
        state, slow = state
        updates, state = inner.update(gradient, state, optax.LookaheadParams(params, slow))
        return updates.fast, (state, optax.apply_updates(slow, updates.slow))

    return optax.GradientTransformation(init, update)


def _coupled_adam(lr: Schedule, h: SimpleNamespace) -> Any:
    return optax.chain(optax.add_decayed_weights(h.weight_decay), optax.adam(lr, h.b1, h.b2, h.eps))


def _decoupled_adam(lr: Schedule, h: SimpleNamespace) -> Any:
    return decayed(optax.scale_by_adam(h.b1, h.b2, h.eps), lr, h.weight_decay)


_GRADIENT = (
    _around_sgd("clip_value", "clip", lambda h: optax.clip(h.limit), {"limit": 0.2}),
    _around_sgd("clip_norm", "clip_by_global_norm", lambda h: optax.clip_by_global_norm(h.limit), {"limit": 0.3}),
    _around_sgd("clip_tensor_rms", "clip_by_block_rms", lambda h: optax.clip_by_block_rms(h.limit), {"limit": 0.3}),
    _around_sgd(
        "clip_adaptive",
        "adaptive_grad_clip",
        lambda h: optax.adaptive_grad_clip(h.limit, h.eps),
        {"limit": 0.1, "eps": 1.0},
    ),
    whole_row("l2(adam)", "add_decayed_weights, adam", _coupled_adam, {**_ADAM, **_SGD}),
    whole_row("decay(adam)", "adam, add_decayed_weights", _decoupled_adam, {**_ADAM, **_SGD}),
    whole_row("lookahead(sgd)", "lookahead", _lookahead, {"k": 3.0, "alpha": 0.3, **_SGD}, jit=False),
)

_SCHEDULES = (
    _schedule("warmup", "linear_schedule", lambda h: optax.linear_schedule(0.0, 1.0, int(h.steps)), {"steps": 12.0}),
    _schedule(
        "cosine",
        "cosine_decay_schedule",
        lambda h: optax.cosine_decay_schedule(1.0, int(h.total)),
        {"total": 30.0},
    ),
    _schedule(
        "warmup_cosine",
        "warmup_cosine_decay_schedule",
        lambda h: optax.warmup_cosine_decay_schedule(0.0, 1.0, int(h.warmup), int(h.total)),
        {"warmup": 7.0, "total": 30.0},
    ),
    _schedule(
        "one_cycle",
        "cosine_onecycle_schedule",
        lambda h: optax.cosine_onecycle_schedule(int(h.total), 1.0, h.rising, h.start, h.final),
        {"total": 30.0, "rising": 0.4, "start": 10.0, "final": 100.0},
    ),
    _schedule(
        "exponential",
        "exponential_decay",
        lambda h: optax.exponential_decay(1.0, int(h.steps), h.rate),
        {"rate": 0.5, "steps": 8.0},
    ),
)


def _normalized(s: Any, weights: Any, t: int, lr: float, problem: Any, h: SimpleNamespace) -> Any:
    gradient = problem.gradient(t, weights)
    steps = [g / (length(gradient) + h.eps) + h.weight_decay * w for w, g in zip(weights, gradient, strict=True)]
    return [w - lr * step for w, step in zip(weights, steps, strict=True)]


def _cautious_momentum(s: Any, w: Any, g: Any, lr: float, t: int, h: SimpleNamespace) -> Any:
    """Liang et al. 2024, algorithm 1, on heavy-ball momentum."""
    s["m"] = h.b1 * s["m"] + g
    step = s["m"] + h.weight_decay * w
    kept = [x if x * slope > 0 else 0.0 for x, slope in zip(np.ravel(step), np.ravel(g), strict=True)]
    return w - lr * np.reshape(kept, w.shape) * w.size / (np.count_nonzero(kept) + 1)


def _vaswani(s: Any, w: Any, g: Any, lr: float, t: int, h: SimpleNamespace) -> Any:
    """Vaswani et al. 2017, equation 3, with its peak at 1."""
    return w - lr * h.warmup**0.5 * min(t**-0.5, t * h.warmup**-1.5) * (g + h.weight_decay * w)


_FORMULAS = (
    Peer("normalize(sgd)", "formula", whole_tree(_normalized), {"eps": 0.5, **_SGD}),
    Peer("cautious(momentum)", "formula", each_leaf(_cautious_momentum), {"b1": 0.8, **_SGD}),
    Peer("inverse_sqrt(sgd)", "formula", each_leaf(_vaswani), {"warmup": 9.0, **_SGD}),
)

ROWS: tuple[Peer, ...] = (*_GRADIENT, *_SCHEDULES, *_FORMULAS)
