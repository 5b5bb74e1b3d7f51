"""Recorded trajectories: what stands in for a peer where its package is not installed.

A file holds, for each of the two comparisons of a row, first the facts that it was recorded with and then the weights
after some of the steps. `record.py` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from lionsearch.catalog import load_program

from .peer import Peer
from .trajectory import CONSTANT, STEPS, VARYING, Leaves, Problem, make_problem, run_program

FOLDER = Path(__file__).parent / "recorded"
KEPT = (1, 8, 20, STEPS)
"""The steps after which the weights are recorded. Gradients depend on the weights, so errors between them show too."""

Inputs = tuple[Problem, dict[str, float], np.ndarray]
"""What a peer's `run` gets: the problem, all hyperparameters, and the learning rates that act."""


def inputs_of(row: Peer) -> Iterator[Inputs]:
    """Yield what the `run` of a row gets in its two comparisons."""
    for changed, schedule in (({}, CONSTANT), (row.hyperparameters, VARYING)):
        hyperparameters = dict(load_program(row.program).with_hyperparameters(changed).hyperparameters)
        yield make_problem(row.leaves), hyperparameters, schedule * hyperparameters.get("lr_scale", 1.0)


def write_recording(program: str, by: str, runs: Sequence[tuple[Inputs, Sequence[Leaves]]]) -> None:
    """Write the file of a row: for each comparison, what went in and the weights after each step."""
    rows = [np.concatenate([_facts(*inputs), _pack(history)]) for inputs, history in runs]
    FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(path_of(program, by), runs=np.array(rows))


def read_recording(
    program: str, by: str, problem: Problem, hyperparameters: Mapping[str, float], rates: Sequence[float]
) -> list[Leaves]:
    """Return the weights after each step; at the steps that are not recorded they are the program's own.

    Raises:
        LookupError: if there is no recording of this program and peer, or one of other inputs only.
    """
    history = replay(program, problem, hyperparameters, rates)
    for step, leaves in recorded_weights(program, by, problem, hyperparameters, rates).items():
        history[step - 1] = leaves
    return history


def recorded_weights(
    program: str, by: str, problem: Problem, hyperparameters: Mapping[str, float], rates: Sequence[float]
) -> dict[int, Leaves]:
    """Return the weights after each recorded step, by step.

    Raises:
        LookupError: if there is no recording of this program and peer, or one of other inputs only.
    """
    facts = _facts(problem, hyperparameters, rates)
    for row in _load(path_of(program, by)):
        if row[: len(facts)].shape == facts.shape and np.allclose(row[: len(facts)], facts, rtol=1e-9, atol=0):
            return dict(zip(KEPT, _unpack(row[len(facts) :], problem), strict=True))
    raise LookupError(f"{program} by {by} is recorded with other inputs; run `python -m tests.peers.record`")


def replay(
    program: str, problem: Problem, hyperparameters: Mapping[str, float], rates: Sequence[float]
) -> list[Leaves]:
    """Return the weights after each step of the program itself, from what a peer gets."""
    schedule = np.asarray(rates) / hyperparameters.get("lr_scale", 1.0)
    return run_program(load_program(program).with_hyperparameters(hyperparameters), problem, schedule)


def path_of(program: str, by: str) -> Path:
    """Return the file of a row."""
    names = [re.sub(r"[^\w.]+", "-", name).strip("-") for name in (program, by)]
    return FOLDER / f"{'--'.join(names)}.npz"


def _load(path: Path) -> np.ndarray:
    if not path.is_file():
        raise LookupError(f"no recording {path.name}; run `python -m tests.peers.record`")
    with np.load(path) as arrays:
        return arrays["runs"]


def _facts(problem: Problem, hyperparameters: Mapping[str, float], rates: Sequence[float]) -> np.ndarray:
    """Return numbers that change when the inputs do: of the problem, the hyperparameters and the learning rates."""
    start, steps = problem.weights, range(1, STEPS + 1)
    given = [leaf for k in steps for leaf in (*problem.gradient(k, start), *problem.hessian(k, start))]
    return np.array(
        [
            sum(float(np.sum(np.abs(leaf))) for leaf in given),
            *hyperparameters.values(),
            *(rates[step - 1] for step in KEPT),
        ]
    )


def _pack(history: Sequence[Leaves]) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for step in KEPT for leaf in history[step - 1]])


def _unpack(values: np.ndarray, problem: Problem) -> list[Leaves]:
    shapes = [w.shape for w in problem.weights]
    ends = np.cumsum([int(np.prod(shape, dtype=int)) for shape in shapes])
    steps = values.reshape(len(KEPT), ends[-1])
    return [
        tuple(part.reshape(shape) for part, shape in zip(np.split(step, ends[:-1]), shapes, strict=True))
        for step in steps
    ]
