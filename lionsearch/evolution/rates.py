"""A child's learning rate, such that it moves the weights as far as its parent does.

A new rule is good at a learning rate of its own: the sign of an update wants a much smaller one than the update did.
Without help, rule and rate would have to change in the same child. So both programs are run along the same made-up
gradients, and the child's rate is multiplied by the ratio of how far they get in ten steps: not in one, since what
momentum averages adds up and what it does not average cancels out. Nothing in this knows any form of rule.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lionsearch.evolution.editing import close_program, open_program
from lionsearch.evolution.live_mutations import scale_rate
from lionsearch.lang import INPUTS, Program
from lionsearch.semantics.oracle import run_oracle

_STEPS, _SKIPPED, _WINDOW = 40, 10, 10
_SHAPE = (4, 4)
_LOUDEST = 8.0
_CLOSE = 1.1
_LIMIT = 2.0**12


def match_rate(child: Program, parent: Program) -> Program:
    """Return the child with `lr` times what makes it move the weights as far as its parent does in ten steps.

    It stays as it is where it does not read `lr`, where one of the two does not move, ends where nothing is finite or
    is not run (it asks for an input that only training gives), and where the ratio is near 1 or beyond 2^12.
    """
    ours, theirs = _log_distance(child), _log_distance(parent)
    if ours is None or theirs is None:
        return child
    factor = math.exp(theirs - ours)
    if not 1 / _LIMIT < factor < _LIMIT or 1 / _CLOSE < factor < _CLOSE:
        return child
    return close_program(scale_rate(open_program(child), factor))


@lru_cache(maxsize=4096)
def _log_distance(program: Program) -> float | None:
    """Return the logarithm of how far a program moves a weight in ten steps, None where there is no such number.

    Root mean square over time, geometric mean over the weights that move.
    """
    if not all(INPUTS[name].scheduled for name in program.optional_inputs):
        return None
    weights, gradients = _trajectory()
    history = run_oracle(program, weights, gradients, [1.0] * _STEPS)
    path = np.array([leaf for (leaf,) in [weights, *history][_SKIPPED:]])
    if not np.isfinite(path).all():
        return None
    with np.errstate(over="ignore"):
        squares = np.mean(np.square(path[_WINDOW:] - path[:-_WINDOW]), axis=0)
    squares = squares[squares > 0]
    if not squares.size or not np.isfinite(squares).all():
        return None
    return float(np.mean(np.log(squares)) / 2)


@lru_cache(maxsize=1)
def _trajectory() -> tuple[tuple[np.ndarray, ...], list[tuple[np.ndarray, ...]]]:
    """Return weights, and gradients as those of small networks are: of different sizes, noisy, some batches loud."""
    rng = np.random.default_rng(11)
    weights = 0.2 * rng.normal(size=_SHAPE)
    scales = np.geomspace(1e-3, 1e-1, weights.size).reshape(_SHAPE)
    mean = 0.3 * rng.normal(size=_SHAPE)
    loudness = rng.permutation(np.geomspace(1 / _LOUDEST, _LOUDEST, _STEPS))
    gradients = [(scales * (mean + loud * rng.normal(size=_SHAPE)),) for loud in loudness]
    return (weights,), gradients
