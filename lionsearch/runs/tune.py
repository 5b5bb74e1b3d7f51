"""A program's learning rate and weight decay on a task: a grid over both, the same for every program."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lionsearch.errors import SettingError
from lionsearch.evaluation.optimizer import Optimizer, learning_rate, rate_of, weight_decay_of, with_weight_decay
from lionsearch.evaluation.plan import Seeds
from lionsearch.evaluation.task_runner import TaskRunner

LEARNING_RATE_FACTORS = tuple(2.0**power for power in range(-5, 6))
"""Multiples of the learning rate that the program has on the task by itself."""

WEIGHT_DECAYS = (0.0, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True, slots=True)
class GridPoint:
    """One setting and what came of it.

    Attributes:
        factor: of the task's schedule.
        lr_scale: `factor` times the program's own `lr_scale` (0.001 where it has none).
        learning_rate: what that amounts to on the task: its learning rate times `lr_scale` over AdamW's 0.001.
        weight_decay: None for a program without one.
        loss: mean final validation loss over the seeds; inf if any was not finite.
    """

    factor: float
    lr_scale: float
    learning_rate: float
    weight_decay: float | None
    loss: float


@dataclass(frozen=True, slots=True)
class TuneResult:
    """A whole grid.

    Attributes:
        task: the task's name.
        points: in the order tried.
        seeds: trainings at each point.
    """

    task: str
    points: tuple[GridPoint, ...]
    seeds: int

    @property
    def best(self) -> GridPoint:
        """The point of the lowest loss."""
        return min(self.points, key=lambda point: point.loss)

    def __str__(self) -> str:
        """Return the best point as a line."""
        best = self.best
        decay = "" if best.weight_decay is None else f", weight_decay = {best.weight_decay:g}"
        return f"{self.task}: learning_rate = {best.learning_rate:.4g}{decay}, loss {best.loss:.4g}"

    def __repr__(self) -> str:
        """Return the best point, and of how many."""
        return f"TuneResult({self}; {len(self.points)} points)"

    @property
    def at_edge(self) -> bool:
        """Whether the best learning rate is the smallest or largest tried; of a grid, which then may end too soon."""
        factors = [point.factor for point in self.points]
        return self.best.factor in (min(factors), max(factors))


def tune_program(
    program: Optimizer,
    runner: TaskRunner,
    *,
    seeds: int = 3,
    factors: Sequence[float] = LEARNING_RATE_FACTORS,
    decays: Sequence[float] = WEIGHT_DECAYS,
    listener: Callable[[int, int], None] = lambda done, total: None,
) -> TuneResult:
    """Return the validation loss at every point of the grid.

    Args:
        program: its `lr_scale` and `weight_decay` hyperparameters are used where it has them; or a rival, resolved.
        runner: the task, without early exit.
        seeds: trainings at each point.
        factors: of the learning rate.
        decays: weight decays, for a program that has the hyperparameter.
        listener: told how many of how many points are done.

    Raises:
        TaskError: if the task cannot be used with the program.
        SettingError: if it is a rival that finds its learning rate itself.
    """
    spec, scale = runner.spec, rate_of(program)
    if scale is None:
        raise SettingError(f"{program} finds its learning rate itself; there is nothing to tune")
    chosen = Seeds(tuple(range(seeds)))
    points: list[GridPoint] = []
    tried = decays if weight_decay_of(program) is not None else (None,)
    for decay in tried:
        variant = with_weight_decay(program, decay)
        for factor in factors:
            losses = runner.losses(variant, chosen, factor)
            loss = float(np.mean(losses)) if all(map(math.isfinite, losses)) else math.inf
            rate = learning_rate(program, spec, factor)
            assert rate is not None, "it has a learning rate"
            points.append(GridPoint(factor, factor * scale, rate, decay, loss))
            listener(len(points), len(tried) * len(factors))
    return TuneResult(spec.name, tuple(points), seeds)
