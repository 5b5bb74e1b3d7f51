"""What a program is given over some steps: weights, gradients, the schedule, and every optional input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lionsearch.lang import INPUTS, OPTIONAL_INPUTS
from lionsearch.semantics.oracle import Leaves

MODEL_SHAPES = ((4, 3), (5,), (), (2, 1, 3, 2))
SIZE = 30
LR = np.array([0.5, 1.0, 0.7, 0.3, 0.1], np.float32)
TRAINED_INPUTS = tuple(name for name in OPTIONAL_INPUTS if not INPUTS[name].scheduled)
"""The optional inputs that only training can give."""


@dataclass(frozen=True)
class Steps:
    """What a program is given.

    Attributes:
        weights: before the first step.
        gradients: for each step.
        lr: for each step.
        extra: for each step the inputs of `TRAINED_INPUTS` by name.
    """

    weights: Leaves
    gradients: tuple[Leaves, ...]
    lr: np.ndarray
    extra: tuple[Mapping[str, Any], ...]

    def at(self, lr: np.ndarray) -> Steps:
        """Return the same with another schedule."""
        return replace(self, lr=lr)

    def first(self, count: int) -> Steps:
        """Return the first steps."""
        return Steps(self.weights, self.gradients[:count], self.lr[:count], self.extra[:count])


def draw_leaves(rng: np.random.Generator) -> Leaves:
    """Return the float32 leaves of a model with a matrix, a vector, one number and a 4-D tensor."""
    return tuple(rng.standard_normal(shape).astype(np.float32) for shape in MODEL_SHAPES)


def draw_steps(rng: np.random.Generator, lr: np.ndarray = LR) -> Steps:
    """Return random steps of a schedule."""
    weights, gradients = draw_leaves(rng), tuple(draw_leaves(rng) for _ in lr)
    return Steps(weights, gradients, lr, tuple(_draw_extra(rng) for _ in lr))


def _draw_extra(rng: np.random.Generator) -> dict[str, Any]:
    """Return the optional inputs of one step; what is never negative in training is not negative here."""
    given: dict[str, Any] = {name: draw_leaves(rng) for name in TRAINED_INPUTS}
    given["loss"] = np.float32(rng.uniform(0.5, 2.0))
    given["h_gnb"] = tuple(leaf * leaf for leaf in given["h_gnb"])
    return given
