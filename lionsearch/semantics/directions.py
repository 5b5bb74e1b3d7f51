"""What a program does, as one vector: its updates along the same made-up steps. Nothing trains.

The steps are those of plain gradient descent on a noisy quadratic of many curvatures, in NumPy. Each step's update has
length one, so a learning rate makes no difference.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lionsearch.lang import Program
from lionsearch.semantics.replay import Trajectory, follow

_STEPS = 60
_SHAPES = ((8, 6), (12,))


def direction(program: Program) -> np.ndarray | None:
    """Return a program's updates, of length one together; None if they are no numbers, or not to be computed.

    The product of two programs' vectors is the mean cosine of the angle between their updates.

    Examples:
        >>> from lionsearch.lang import parse
        >>> sign, doubled, plain = (direction(parse(f"def train(w, g, lr): return {x} * lr")) for x in
        ...     ("sign(g)", "sign(g) * 2.0", "g"))
        >>> round(float(sign @ doubled), 6), round(float(sign @ plain), 1)
        (1.0, 0.8)
    """
    updates = follow(program, _made_up())
    if updates is None or not np.isfinite(updates).all():
        return None
    sizes = np.linalg.norm(updates, axis=1, keepdims=True)
    return (updates / np.where(sizes > 0, sizes, 1.0)).ravel() / np.sqrt(_STEPS)


@lru_cache(maxsize=1)
def _made_up() -> Trajectory:
    rng = np.random.default_rng(7)
    curvatures = [10.0 ** rng.uniform(-2, 0.5, shape) for shape in _SHAPES]
    weights = [rng.normal(0, 0.3, shape) for shape in _SHAPES]
    steps = []
    for number in range(_STEPS):
        gradients = [c * w + rng.normal(0, 0.1, w.shape) for c, w in zip(curvatures, weights, strict=True)]
        scalars = {"lr": np.float64(1.0), "t": np.float64(number + 1)}
        steps.append({"w": tuple(weights), "g": tuple(gradients), **scalars})
        weights = [w - 0.05 * g for w, g in zip(weights, gradients, strict=True)]
    return Trajectory(tuple(steps), _SHAPES)
