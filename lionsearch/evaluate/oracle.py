"""The slow and plain way to run a program, in NumPy: what the interpreter and the compiler are tested against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lionsearch.evaluate.execution import run_statements
from lionsearch.evaluate.spaces import LeafSpace
from lionsearch.lang import Program

Leaves = tuple[np.ndarray, ...]


def run_oracle(program: Program, weights: Leaves, gradients: Sequence[Leaves], lr: Sequence[float]) -> list[Leaves]:
    """Return the weights after each step, with the gradients given.

    Args:
        program: any valid program.
        weights: the leaves of the parameter tree, of one dtype, in which everything is computed.
        gradients: for each step, one array for each leaf.
        lr: for each step, the value of the schedule.

    Example:
        >>> from lionsearch.lang import parse
        >>> sgd = parse("def train(w, g, lr): return g * lr")
        >>> run_oracle(sgd, (np.ones(2),), [(np.ones(2),)], [0.1])
        [(array([0.9, 0.9]),)]
    """
    dtype = weights[0].dtype.type
    slots: tuple[Leaves, ...] = tuple(tuple(np.zeros_like(leaf) for leaf in weights) for _ in program.slots)
    history: list[Leaves] = []
    with np.errstate(all="ignore"):
        for step, (gradient, rate) in enumerate(zip(gradients, lr, strict=True), start=1):
            inputs = {"w": weights, "g": gradient, "lr": dtype(rate), "t": dtype(step)}
            inputs.update(zip(program.slots, slots, strict=True))
            update, slots = run_statements(_cast(program, dtype), LeafSpace(np, dtype), inputs)
            weights = tuple(w - u for w, u in zip(weights, update, strict=True))
            history.append(weights)
    return history


def _cast(program: Program, dtype: type) -> Program:
    """Return the program with its constants in the dtype, so that constant statements are computed in it too."""
    statements = tuple(
        replace(s, arguments=tuple(a if isinstance(a, str) else dtype(a) for a in s.arguments))
        for s in program.inline_hyperparameters().statements
    )
    return replace(program, statements=statements, hyperparameters=())
