"""What a step of a program asks of training, and how much state it keeps; a rival counts itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lionsearch.graph import remove_dead_code
from lionsearch.lang import INPUTS, Kind, Program, shape_of
from lionsearch.rivals.rival import Costs


def program_costs(program: Program, batch: int, examples: int) -> Costs:
    """Return the evaluations of a step on a batch, in the mean over many steps.

    Args:
        program: any valid one.
        batch: examples of a step.
        examples: of the training split.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> program_costs(load_program("adamw"), 64, 1000)
        Costs(gradients=1.0, losses=0.0, products=0.0)
        >>> program_costs(load_program("sam_sgd"), 64, 1000).gradients
        2.0
    """
    live = remove_dead_code(program)
    settings = live.settings
    asked = {
        "h": lambda: Costs(products=1 / max(settings["hessian_every"], 1.0)),
        "h_gnb": lambda: Costs(gradients=1 / max(settings["hessian_every"], 1.0)),
        "g_ahead": lambda: Costs(gradients=1.0),
        "g_anchor": lambda: Costs(gradients=1.0),
        "g_full": lambda: Costs(gradients=examples / batch / max(settings["anchor_every"], 1.0)),
    }
    total = Costs(gradients=1.0)
    for name in live.optional_inputs:
        if not INPUTS[name].scheduled and name in asked:
            total = total.plus(asked[name]())
    return total


def program_state(program: Program, shapes: Sequence[tuple[int, ...]]) -> float:
    """Return how many numbers of state a program keeps for each parameter.

    Args:
        program: any valid one.
        shapes: of the parameter tree's leaves.
    """
    kept = 0
    for _, kind in remove_dead_code(program).state:
        owners = [()] if kind is Kind.SCALAR else shapes
        kept += sum(int(np.prod(shape_of(kind, shape), dtype=int)) for shape in owners)
    return kept / sum(int(np.prod(shape, dtype=int)) for shape in shapes)
