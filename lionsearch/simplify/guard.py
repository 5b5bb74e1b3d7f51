"""Whether two programs do the same, by running both: the guard behind every rewriting, and a measure of distance."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from lionsearch.evaluate.oracle import Leaves, run_oracle
from lionsearch.lang import INPUTS, Kind, Program

STEPS = 40
TOLERANCE = 1e-10
_SHAPES = ((5, 3), (4,), (), (2, 3, 2, 4))


def agree(one: Program, other: Program, tolerance: float = TOLERANCE) -> bool:
    """Return whether both programs take the same 40 noisy steps, in float64, on tensors of all shapes."""
    return largest_difference(one, other) <= tolerance


def largest_difference(one: Program, other: Program) -> float:
    """Return the largest difference of the weights after any of 40 noisy float64 steps, relative to a leaf's largest.

    The tree has a matrix, a vector, a number and a stack of matrices; gradients pull towards moving targets. It is
    inf where one is finite and the other is not. Where both stop being finite in the same step, the steps before count.
    """
    weights, gradients, lr, extra = _trajectory()
    worst = 0.0
    histories = (run_oracle(program, weights, gradients, lr, extra) for program in (one, other))
    for ours, theirs in zip(*histories, strict=True):
        finite = [all(np.isfinite(leaf).all() for leaf in leaves) for leaves in (ours, theirs)]
        if finite[0] != finite[1]:
            return float("inf")
        if not finite[0]:
            break
        for a, b in zip(ours, theirs, strict=True):
            worst = max(worst, float(np.max(np.abs(a - b)) / max(np.max(np.abs(a)), 1e-300)))
    return worst


@cache
def _trajectory() -> tuple[Leaves, list[Leaves], list[float], list[Mapping[str, Any]]]:
    rng = np.random.default_rng(7)

    def draw() -> Leaves:
        return tuple(np.asarray(rng.standard_normal(shape)) for shape in _SHAPES)

    weights = draw()
    drift = draw()
    gradients = [tuple(0.3 * d + g for d, g in zip(drift, draw(), strict=True)) for _ in range(STEPS)]
    lr = [0.2 + 0.1 * np.sin(step) for step in range(STEPS)]
    extra: list[Mapping[str, Any]] = [
        {
            name: float(rng.uniform(0.5, 2)) if row.kind is Kind.SCALAR else draw()
            for name, row in INPUTS.items()
            if name not in ("w", "g", "lr", "t")
        }
        for _ in range(STEPS)
    ]
    return weights, gradients, lr, extra
