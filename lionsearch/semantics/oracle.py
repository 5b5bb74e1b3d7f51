"""The slow and plain way to run a program, in NumPy: what the interpreter and the compiler are tested against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lionsearch.lang import Program
from lionsearch.semantics.execution import Execution
from lionsearch.semantics.leaf_space import LeafSpace, leaf_shapes, zero_slot

Leaves = tuple[np.ndarray, ...]


def run_oracle(
    program: Program,
    weights: Leaves,
    gradients: Sequence[Leaves],
    lr: Sequence[float],
    extra: Sequence[Mapping[str, Any]] = (),
) -> list[Leaves]:
    """Return the weights after each step, with the gradients given.

    Args:
        program: any valid program.
        weights: the leaves of the parameter tree, of one dtype, in which everything is computed.
        gradients: for each step, one array for each leaf.
        lr: for each step, the value of the schedule.
        extra: for each step, the program's other inputs by name, but for `t`: leaves, or numbers.

    Examples:
        >>> from lionsearch.lang import parse
        >>> sgd = parse("def train(w, g, lr): return g * lr")
        >>> run_oracle(sgd, (np.ones(2),), [(np.ones(2),)], [0.1])
        [(array([0.9, 0.9]),)]
    """
    dtype = weights[0].dtype.type
    space = LeafSpace(np, leaf_shapes(weights), dtype)
    slots = tuple(zero_slot(kind, space.shapes, np, dtype) for _, kind in program.state)
    history: list[Leaves] = []
    given = {"w", "g", "lr", "t", *program.slots, *(extra[0] if extra else {})}
    execution = Execution(_cast(program, dtype), space, given)
    with np.errstate(all="ignore"):
        for step, (gradient, rate) in enumerate(zip(gradients, lr, strict=True), start=1):
            inputs = {"w": weights, "g": gradient, "lr": dtype(rate), "t": dtype(step)}
            inputs.update(extra[step - 1] if extra else {})
            inputs.update(zip(program.slots, slots, strict=True))
            update, slots = execution.run(inputs)
            weights = tuple(w - u for w, u in zip(weights, update, strict=True))
            history.append(weights)
    return history


def _cast(program: Program, dtype: type) -> Program:
    """Return the program with its constants in the dtype, so that constant statements are computed in it too."""
    inlined = program.inline_hyperparameters()
    statements = tuple(
        statement.map(lambda a: a if isinstance(a, str) else dtype(a)) for statement in inlined.statements
    )
    kept = tuple((name, dtype(value)) for name, value in inlined.hyperparameters)
    return replace(program, statements=statements, hyperparameters=kept)
