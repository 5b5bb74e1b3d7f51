"""Implementations that are not what they say they are, each shown by what it computes.

They are in nobody's row, or only in one with a note. A demonstration that fails says that the peer was mended (or
broken in another way): then it can be a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from optax import contrib

from . import adaptive_formulas, signal_formulas
from .formulas import each_leaf, whole_tree
from .optax_runs import Make, decayed, optax_run
from .optax_wide_peers import GIVEN_HESSIAN, give_hessian
from .trajectory import VARYING, Leaves, Problem, make_problem, max_relative_difference

_PROBLEM = make_problem(("matrix", "vector"))
_RATES = 0.01 * VARYING


def _difference(ours: Callable[..., list[Leaves]], make: Make, **facts: Any) -> float:
    """Return how far optax is from a rule, which gets the hyperparameters in `facts`."""
    run = optax_run(make, extra=facts.pop("extra", None))
    return max_relative_difference(run(_PROBLEM, facts, _RATES), ours(_PROBLEM, facts, _RATES))


def rprop_is_a_step_late() -> None:
    """optax.rprop gives nothing in the first step and each later step's update one step late."""
    with jax.enable_x64(True):
        transform = optax.rprop(0.01)
        gradient = jnp.asarray([1.0, -2.0])
        state = transform.init(gradient)
        updates = []
        for _ in range(4):
            update, state = transform.update(gradient, state)
            updates.append(np.asarray(update))
    expected = [0.01 * 1.2**k * np.array([-1.0, 1.0]) for k in range(4)]
    assert np.all(updates[0] == 0)
    np.testing.assert_allclose(updates[1:], expected[:3], rtol=1e-12)


def adan_swaps_a_constant() -> None:
    """optax.adan extrapolates by 1 - b2 = 0.08 of the gradient's change where the paper has 0.92 of it."""
    facts = {"b1": 0.98, "b2": 0.92, "b3": 0.99, "eps": 1e-8, "weight_decay": 0.0}

    def make(lr: Any, h: SimpleNamespace) -> Any:
        return optax.adan(lr, h.b1, h.b2, h.b3, h.eps, 0.0)

    def swapped(s, w, g, lr, t, h):
        change = g - s["g"] if t > 1 else np.zeros_like(g)
        s["g"] = g
        s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
        s["d"] = h.b2 * s["d"] + (1 - h.b2) * change
        s["n"] = h.b3 * s["n"] + (1 - h.b3) * (g + (1 - h.b2) * change) ** 2
        step = s["m"] / (1 - h.b1**t) + (1 - h.b2) * s["d"] / (1 - h.b2**t)
        return w - lr * step / (np.sqrt(s["n"] / (1 - h.b3**t)) + h.eps)

    assert _difference(each_leaf(adaptive_formulas.adan), make, **facts) > 1e-2
    assert _difference(each_leaf(swapped), make, **facts) < 1e-12


def adafactor_rounds_its_decay() -> None:
    """optax.adafactor takes t^-0.8 in float32, in whatever precision the rest is."""

    def make(function: Callable[..., Any] | None) -> Make:
        keywords = {} if function is None else {"decay_rate_fn": function}
        return lambda lr, h: decayed(optax.scale_by_factored_rms(min_dim_size_to_factor=2, **keywords), lr, 0.0)

    exact = optax_run(make(lambda count, decay: 1 - (count + 1.0) ** -decay))
    assert 1e-11 < _difference(exact, make(None)) < 1e-6


def madgrad_rounds_its_weights() -> None:
    """optax.contrib.madgrad takes sqrt(t) in float32."""
    facts = {"b1": 0.9, "eps": 1e-6}
    found = _difference(
        each_leaf(adaptive_formulas.madgrad), lambda lr, h: contrib.madgrad(lr, h.b1, eps=h.eps), **facts
    )
    assert 1e-11 < found < 1e-6


def sophia_uses_old_curvature() -> None:
    """optax.contrib.sophia refreshes the curvature after its use; without momentum's correction it still differs."""
    facts = {"b1": 0.0, "b2": 0.9, "gamma": 1.0, "eps": 1e-8, "hessian_every": 1, "weight_decay": 0.0}

    def make(lr: Any, h: SimpleNamespace) -> Any:
        keywords = {"gamma": h.gamma, "update_interval": 1, "hessian_diagonal_fn": GIVEN_HESSIAN}
        return contrib.sophia(lr, h.b1, h.b2, h.eps, h.weight_decay, **keywords)

    def late(s, weights: Leaves, t: int, lr: float, problem: Problem, h: SimpleNamespace) -> Sequence[np.ndarray]:
        old = s["h"] or [np.zeros_like(w) for w in weights]
        ratios = [g / np.maximum(v, h.eps) for g, v in zip(problem.gradient(t, weights), old, strict=True)]
        s["h"] = [h.b2 * v + (1 - h.b2) * x for v, x in zip(old, problem.hessian(t, weights), strict=True)]
        return [w - lr * np.clip(x, -1, 1) for w, x in zip(weights, ratios, strict=True)]

    assert _difference(whole_tree(signal_formulas.sophia), make, extra=give_hessian, **facts) > 1e-3
    assert _difference(whole_tree(late), make, extra=give_hessian, **facts) < 1e-12


def schedule_free_weighs_by_the_next_rate() -> None:
    """optax.contrib.schedule_free counts from 1 for the averaging, from 0 for the steps: two rates in one step."""

    def make(shift: int) -> Make:
        base = optax.identity()
        return lambda lr, h: contrib.schedule_free(decayed(base, lr, 0.0), lambda count: lr(count - shift))

    assert _difference(optax_run(make(1)), make(0)) > 1e-5


def acprop_centers_by_the_old_mean() -> None:
    """optax.contrib.acprop takes (g - m)^2 with m of the step before, 1 / b1^2 times what its equations say."""
    facts = {"b1": 0.9, "b2": 0.99, "eps": 1e-16}

    def rule(squared_by: float) -> Callable[..., list[Leaves]]:
        def step(s, w, g, lr, t, h):
            root = np.sqrt(s["v"] / (1 - h.b2 ** (t - 1))) if t > 1 else 1.0
            s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
            s["v"] = h.b2 * s["v"] + (1 - h.b2) * (g - s["m"]) ** 2 * squared_by + h.eps
            return w - lr * g / (root + h.eps)

        return each_leaf(step)

    def make(lr: Any, h: SimpleNamespace) -> Any:
        return contrib.acprop(lr, h.b1, h.b2, h.eps, h.eps)

    assert _difference(rule(1.0), make, **facts) > 1e-2
    assert _difference(rule(1 / 0.9**2), make, **facts) < 1e-12


DEMONSTRATIONS = (
    rprop_is_a_step_late,
    adan_swaps_a_constant,
    adafactor_rounds_its_decay,
    madgrad_rounds_its_weights,
    sophia_uses_old_curvature,
    schedule_free_weighs_by_the_next_rate,
    acprop_centers_by_the_old_mean,
)
