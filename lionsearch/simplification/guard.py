"""Whether two programs do the same, by running both along the same inputs: the guard behind every exact rewriting.

Inputs are given, not grown by the programs themselves, so no chaos of training blows rounding errors up. What it
cannot see: hyperparameters at other values, and what happens later than its steps; the laws hold there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from lionsearch.lang import INPUTS, Kind, Program
from lionsearch.semantics.replay import Trajectory, follow

STEPS = 40
TOLERANCE = 1e-10
_SHAPES = ((5, 3), (4,), (), (2, 3, 2, 4))
_ROUNDING = 1e-5
"""Updates smaller than this part of the weights are compared by that: they may be differences of weights."""


def agree(one: Program, other: Program, tolerance: float = TOLERANCE) -> bool:
    """Return whether both programs give the same updates, in float64, along every trajectory of the guard."""
    return largest_difference(one, other) <= tolerance


def largest_difference(one: Program, other: Program) -> float:
    """Return the largest difference of the updates at any step, relative to the step's largest update.

    There are two trajectories of 40 steps on a matrix, a vector, a number and a stack of matrices: normal gradients,
    and small ones of very different sizes, at which `arcsin` and its like have values. It is inf where one program is
    finite and the other is not, and where nothing finite could be compared.
    """
    worst, compared = 0.0, False
    for trajectory in _trajectories():
        ours, theirs = follow(one, trajectory), follow(other, trajectory)
        assert ours is not None
        assert theirs is not None
        finite = np.isfinite(ours)
        if not np.array_equal(finite, np.isfinite(theirs)):
            return float("inf")
        if not finite.any():
            continue
        compared = True
        size = np.max(np.abs(np.where(finite, ours, 0.0)), axis=1, keepdims=True)
        weights = np.array([[max(np.max(np.abs(leaf)) for leaf in inputs["w"])] for inputs in trajectory.inputs])
        difference = np.abs(np.where(finite, ours, 0.0) - np.where(finite, theirs, 0.0))
        with np.errstate(over="ignore"):
            worst = max(worst, float(np.max(difference / np.maximum(size, _ROUNDING * weights))))
    return worst if compared else float("inf")


@cache
def _trajectories() -> tuple[Trajectory, Trajectory]:
    rng = np.random.default_rng(7)
    sizes = [10.0 ** -(step % 4) for step in range(STEPS)]
    return _draw(rng, [1.0] * STEPS, 0.3), _draw(rng, [0.25 * size for size in sizes], 0.01)


def _draw(rng: np.random.Generator, sizes: list[float], rate: float) -> Trajectory:
    """Return a trajectory with gradients of these sizes, within four times them, and a schedule around the rate."""

    def leaves(size: float = 1.0) -> tuple[np.ndarray, ...]:
        return tuple(np.asarray(np.clip(rng.standard_normal(shape), -3.9, 3.9) * size) for shape in _SHAPES)

    drift = leaves(0.3)
    steps: list[Mapping[str, Any]] = []
    for number, size in enumerate(sizes):
        inputs: dict[str, Any] = {}
        for name, row in INPUTS.items():
            inputs[name] = np.float64(rng.uniform(0.5, 2)) if row.kind is Kind.SCALAR else leaves(size)
        inputs["w"] = leaves(0.25 if rate < 0.1 else 1.0)
        inputs["g"] = tuple(size * d + g for d, g in zip(drift, inputs["g"], strict=True)) if size == 1 else inputs["g"]
        inputs["lr"] = np.float64(rate * (1 + 0.3 * np.sin(number)))
        inputs["t"] = np.float64(number + 1)
        steps.append(inputs)
    return Trajectory(tuple(steps), _SHAPES)
