"""Contestants on tasks: each tuned within the same budget, then trained on fresh seeds, the same for all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.comparison.contestant import Contestant
from lionsearch.comparison.laboratory import Laboratory
from lionsearch.comparison.procedure import Procedure
from lionsearch.comparison.tuning import Tuned, tune
from lionsearch.errors import SettingError
from lionsearch.evaluation.trials import Training
from lionsearch.tasks.spec import TaskSpec

ADAMW = "adamw_debiased"
"""What all are measured against: AdamW as libraries have it, with bias correction; always the shipped program.

A search starts from, and is scored against, the paper's AdamW, which has none and is a weaker rival in short trainings.
"""

_FIRST_SEED = {"validation": 7000, "test": 8000}
"""No search, meta-validation or simplification has these."""


_PRICES = (1.0, 1 / 3, 2.0)
"""Of a gradient, a loss and a Hessian-vector product: backward costs as much as two times forward."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What every contestant gets on every task.

    Attributes:
        points: of learning rate and weight decay that are tried at most.
        tune_seeds: trainings at each point.
        seeds: fresh trainings with the best point.
        equal_cost: whether who asks more of training than a gradient in each step makes fewer steps.
    """

    points: int = 12
    tune_seeds: int = 1
    seeds: int = 5
    equal_cost: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A contestant on a task.

    Attributes:
        contestant: its name.
        task: the task's name.
        tuned: the best learning rate and weight decay.
        learning_rate: what the best one comes to on the task, at the peak of the schedule; None if it has none.
        trainings: with these, one for each fresh seed.
    """

    contestant: str
    task: str
    tuned: Tuned
    learning_rate: float | None
    trainings: tuple[Training, ...]


def adamw() -> Contestant:
    """Return the program that all are measured against."""
    return Contestant(ADAMW, load_program(str(PROGRAMS.shipped / f"{ADAMW}.py")))


def hold(contestants: Sequence[Contestant], budget: Budget, split: str, laboratory: Laboratory) -> list[Entry]:
    """Return an entry for each contestant on each task of a laboratory, task by task.

    Args:
        contestants: with different names.
        budget: what each gets.
        split: that the fresh seeds are measured on; `test` for what is claimed, `validation` for what is chosen by.
        laboratory: where trainings are made.

    Raises:
        LionSearchError: as `Laboratory.run`.
    """
    return laboratory.run([_enter(each, task, budget, split) for task in laboratory.tasks for each in contestants])


def measure(contestants: Sequence[tuple[Contestant, Entry]], seeds: int, laboratory: Laboratory) -> list[Entry]:
    """Return entries with the settings that were found before, on the test split and its seeds.

    Args:
        contestants: each with an entry that says the task and the settings.
        seeds: trainings with each.
        laboratory: where trainings are made.

    Raises:
        LionSearchError: as `Laboratory.run`.
    """
    tasks = {task.name: task for task in laboratory.tasks}
    return laboratory.run([_train(each, tasks[entry.task], entry.tuned, seeds, "test") for each, entry in contestants])


def _enter(contestant: Contestant, task: TaskSpec, budget: Budget, split: str) -> Procedure[Entry]:
    decay = task.weight_decay if contestant.name == ADAMW else contestant.weight_decay  # AdamW's is tuned already
    if budget.equal_cost:
        contestant = yield from _shorten(contestant, task, decay)
    tuned = yield from tune(contestant, task.name, budget.points, budget.tune_seeds, decay)
    return (yield from _train(contestant, task, tuned, budget.seeds, split))


def _shorten(contestant: Contestant, task: TaskSpec, decay: float | None) -> Procedure[Contestant]:
    """Return a contestant with so much of the task's steps that they ask for as much as a gradient in each step does.

    What its steps ask for is taken from one training, as it is by itself.
    """
    [training] = yield [contestant.trial(task.name, 1.0, decay, 0, "validation")]
    if training.costs is None:
        if training.failure is None:
            raise SettingError(
                f"{contestant.name} was trained with on {task.name!r} before what a step costs was measured; compare at"
                " equal cost in another folder"
            )
        return contestant  # it cannot be trained with at all
    price = math.fsum(weight * cost for weight, cost in zip(_PRICES, training.costs, strict=True))
    return replace(contestant, share=min(1.0, float(f"{1 / max(price, 1.0):.3g}")))


def _train(contestant: Contestant, task: TaskSpec, tuned: Tuned, seeds: int, split: str) -> Procedure[Entry]:
    first = _FIRST_SEED[split]
    trials = [
        contestant.trial(task.name, tuned.factor, tuned.weight_decay, seed, split)
        for seed in range(first, first + seeds)
    ]
    rate = contestant.learning_rate(task, tuned.factor)
    return Entry(contestant.name, task.name, tuned, rate, tuple((yield trials)))
