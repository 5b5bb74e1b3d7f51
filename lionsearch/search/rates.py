"""A child's learning rate, such that its updates are as large as its parent's.

A new rule is good at a learning rate of its own: the sign of an update wants a much smaller one than the update did.
Without help, rule and rate would have to change in the same child. So both programs are run along the same made-up
gradients, and the child's rate is multiplied by the ratio of their updates. Nothing in this knows any form of rule.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lionsearch.evaluate.oracle import run_oracle
from lionsearch.lang import Program
from lionsearch.search.editing import close_program, open_program
from lionsearch.search.live_mutations import scale_rate

_STEPS, _SKIPPED = 40, 10
_SHAPE = (4, 4)
_CLOSE = 1.1
_LIMIT = 2.0**12


def match_rate(child: Program, parent: Program) -> Program:
    """Return the child with `lr` times what makes its updates as large as its parent's, in the geometric mean.

    It stays as it is where it does not read `lr`, where one of the two has no finite updates or is not run (it asks for
    an input other than `t`), and where the ratio is near 1.
    """
    ours, theirs = _log_size(child), _log_size(parent)
    if ours is None or theirs is None:
        return child
    factor = math.exp(theirs - ours)
    if not 1 / _LIMIT < factor < _LIMIT or 1 / _CLOSE < factor < _CLOSE:
        return child
    return close_program(scale_rate(open_program(child), factor))


@lru_cache(maxsize=4096)
def _log_size(program: Program) -> float | None:
    """Return the mean logarithm of the sizes of a program's updates, None where they are not finite."""
    if set(program.optional_inputs) - {"t"}:
        return None
    weights, gradients = _trajectory()
    history = run_oracle(program, weights, gradients, [1.0] * _STEPS)
    path = np.array([leaf for (leaf,) in [weights, *history][_SKIPPED:]])
    if not np.isfinite(path).all():
        return None
    sizes = np.abs(np.diff(path, axis=0))
    sizes = sizes[sizes > 0]
    if not sizes.size or not np.isfinite(sizes).all():
        return None
    return float(np.mean(np.log(sizes)))


@lru_cache(maxsize=1)
def _trajectory() -> tuple[tuple[np.ndarray, ...], list[tuple[np.ndarray, ...]]]:
    """Return weights, and noisy gradients of different sizes, as those of small networks are."""
    rng = np.random.default_rng(11)
    weights = 0.2 * rng.normal(size=_SHAPE)
    scales = np.geomspace(1e-3, 1e-1, weights.size).reshape(_SHAPE)
    mean = 0.3 * rng.normal(size=_SHAPE)
    gradients = [(scales * (mean + rng.normal(size=_SHAPE)),) for _ in range(_STEPS)]
    return (weights,), gradients
