"""What a program does, as one vector: its updates along the same made-up steps. Nothing trains.

The steps are those of plain gradient descent on a noisy quadratic of many curvatures, in NumPy, with a learning rate
that falls as a cosine does.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lionsearch.lang import Program
from lionsearch.semantics.replay import Trajectory, follow

_STEPS = 60
_SHAPES = ((8, 6), (12,))


def direction(program: Program) -> np.ndarray | None:
    """Return a program's updates, each step's of the same length; None if they are no numbers, or not to be computed.

    The product of two programs' vectors is the mean cosine of the angle between their updates, whose sizes make no
    difference, nor does a schedule.

    Examples:
        >>> from lionsearch.lang import parse
        >>> sign, doubled, plain = (direction(parse(f"def train(w, g, lr): return {x} * lr")) for x in
        ...     ("sign(g)", "sign(g) * 2.0", "g"))
        >>> round(float(sign @ doubled), 6), round(float(sign @ plain), 1)
        (1.0, 0.8)
    """
    updates = _follow(program)
    if updates is None:
        return None
    sizes = np.linalg.norm(updates, axis=1, keepdims=True)
    return (updates / np.where(sizes > 0, sizes, 1.0)).ravel() / np.sqrt(_STEPS)


def course(program: Program) -> np.ndarray | None:
    """Return a program's updates, of length one together; None as for `direction`.

    The product of two programs' vectors is 1 only if one makes the other's updates times a constant: a schedule makes a
    difference.

    Examples:
        >>> from lionsearch.lang import parse
        >>> plain, doubled, steeper = (course(parse(f"def train(w, g, lr): return {x} * lr")) for x in
        ...     ("g", "g * 2.0", "g * lr"))
        >>> round(float(plain @ doubled), 6), float(plain @ steeper) < 0.99
        (1.0, True)
    """
    updates = _follow(program)
    if updates is None:
        return None
    size = np.linalg.norm(updates)
    return updates.ravel() / (size if size > 0 else 1.0)


def _follow(program: Program) -> np.ndarray | None:
    updates = follow(program, _made_up())
    return updates if updates is not None and np.isfinite(updates).all() else None


@lru_cache(maxsize=1)
def _made_up() -> Trajectory:
    rng = np.random.default_rng(7)
    curvatures = [10.0 ** rng.uniform(-2, 0.5, shape) for shape in _SHAPES]
    weights = [rng.normal(0, 0.3, shape) for shape in _SHAPES]
    steps = []
    for number in range(_STEPS):
        gradients = [c * w + rng.normal(0, 0.1, w.shape) for c, w in zip(curvatures, weights, strict=True)]
        rate = 0.5 * (1 + np.cos(np.pi * number / _STEPS))
        scalars = {"lr": np.float64(rate), "t": np.float64(number + 1)}
        steps.append({"w": tuple(weights), "g": tuple(gradients), **scalars})
        weights = [w - 0.05 * g for w, g in zip(weights, gradients, strict=True)]
    return Trajectory(tuple(steps), _SHAPES)
