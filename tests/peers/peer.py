"""One row of the table of proofs: a program, and an independent implementation of the same method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lionsearch.catalog import load_program

from .trajectory import CONSTANT, SHAPES, VARYING, Leaves, make_problem, max_relative_difference, run_program
from .trajectory import Problem as Problem

Run = Callable[[Problem, Mapping[str, float], Sequence[float]], list[Leaves]]
"""`run(problem, hyperparameters, learning_rates)`: the weights after each step.

`hyperparameters` are all of the program's, in its names, defaults included; `learning_rates` are those that act:
the schedule times `lr_scale`, for each step.
"""


@dataclass(frozen=True)
class Peer:
    """An independent implementation of a program's method.

    Attributes:
        program: the name of a file in `programs/`.
        by: what the peer is, such as "optax.adam", "torch.optim.AdamW" or "formula".
        run: trains with it.
        hyperparameters: values other than the defaults, for the second comparison, in the program's names.
        tolerance: of the largest relative difference.
        leaves: those that the two can be compared on.
        note: why tolerance or leaves differ from the default, or what is known to be wrong about the peer.
    """

    program: str
    by: str
    run: Run
    hyperparameters: dict[str, float] = field(default_factory=dict)
    tolerance: float = 1e-12
    leaves: tuple[str, ...] = tuple(SHAPES)
    note: str = ""


def compare_defaults(peer: Peer) -> float:
    """Return the largest relative difference with default hyperparameters and a constant learning rate."""
    return _compare(peer, {}, CONSTANT)


def compare_changed(peer: Peer) -> float:
    """Return the largest relative difference with the row's hyperparameters and a varying learning rate."""
    return _compare(peer, peer.hyperparameters, VARYING)


def compare_small(peer: Peer) -> float:
    """Return the largest relative difference with defaults, from weights of zero and with gradients that are small."""
    problem = make_problem(peer.leaves)
    weights, scales = tuple(map(np.zeros_like, problem.weights)), tuple(0.01 * scale for scale in problem.scales)
    return _compare(peer, {}, CONSTANT, replace(problem, weights=weights, scales=scales))


def _compare(peer: Peer, changed: Mapping[str, float], schedule: np.ndarray, problem: Problem | None = None) -> float:
    program = load_program(peer.program).with_hyperparameters(changed)
    hyperparameters = dict(program.hyperparameters)
    problem = problem or make_problem(peer.leaves)
    expected = peer.run(problem, hyperparameters, schedule * hyperparameters.get("lr_scale", 1.0))
    return max_relative_difference(run_program(program, problem, schedule), expected)
