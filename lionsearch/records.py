"""Frozen records that cross processes and disk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from statistics import fmean


class FailureKind(StrEnum):
    """Why a candidate has no score. The last two are the system's fault, not the candidate's."""

    NON_FINITE = "non_finite"
    NO_PROGRESS = "no_progress"
    TOO_LONG = "too_long"
    TIMEOUT = "timeout"
    WORKER_LOST = "worker_lost"

    @property
    def is_system(self) -> bool:
        """Whether the machine failed rather than the candidate."""
        return self in (FailureKind.TIMEOUT, FailureKind.WORKER_LOST)


@dataclass(frozen=True, slots=True)
class Failure:
    """A candidate's failure: a kind and a sentence for people."""

    kind: FailureKind
    detail: str


class Stage(StrEnum):
    """Which seeds, split and tasks an evaluation uses; no two share seeds or, at the end, split.

    `search` ranks candidates, `confirm` re-ranks the elites on fresh seeds, `meta` is of other tasks, which the search
    does not see, `report` is what is claimed at the end: seeds of its own, on the test split.
    """

    SEARCH = "search"
    CONFIRM = "confirm"
    META = "meta"
    REPORT = "report"


UNTRAINED = -1.0
"""The score of an untrained network: what a task counts as that was not reached, or on which a program fails."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What came of training with a program on one task.

    Attributes:
        task: the task's name.
        loss: mean final loss over the seeds on the stage's split; None after a failure.
        score: 0 is tuned AdamW on the same seeds, -1 an untrained network; None after a failure.
        failure: why there is no score.
        metrics: the task's own measures on the same split, by name.
        scores: of each seed, and the score is their mean; after a failure, of the seeds before it.
        costs: of a rival, gradients, losses and Hessian-vector products of a step, in the mean.
    """

    task: str
    loss: float | None = None
    score: float | None = None
    failure: Failure | None = None
    metrics: tuple[tuple[str, float], ...] = ()
    scores: tuple[float, ...] = ()
    costs: tuple[float, float, float] | None = field(default=None, repr=False)

    @property
    def trainings(self) -> int:
        """How many trainings were begun; of a failure of several seeds at once, one."""
        return len(self.scores) + (self.failure is not None)


def merge_results(results: Sequence[TaskResult]) -> TaskResult:
    """Return what results of one task on single seeds amount to; a failure among them is the whole's.

    Examples:
        >>> merge_results([TaskResult("a", 2.0, 0.5, scores=(0.5,)), TaskResult("a", 1.0, 0.75, scores=(0.75,))])
        TaskResult(task='a', loss=1.5, score=0.625, failure=None, metrics=(), scores=(0.5, 0.75))
    """
    if len(results) == 1:
        return results[0]
    scores = tuple(score for result in results for score in result.scores)
    failed = next((result for result in results if result.failure is not None), None)
    if failed is not None:
        return replace(failed, scores=scores)
    metrics = tuple((name, fmean(dict(result.metrics)[name] for result in results)) for name, _ in results[0].metrics)
    loss = fmean(result.loss for result in results if result.loss is not None)
    return TaskResult(results[0].task, loss, fmean(scores), metrics=metrics, scores=scores)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of a program on all tasks of an experiment.

    Attributes:
        stage: the seeds and split used.
        score: in the search the mean over the tasks, where a task not reached (hurdle) counts as -1; on tasks that the
            search does not see the mean, where one that fails counts as -1; at the other stages the worst task's score.
            None after a failure, but on those that the search does not see.
        results: one for each task that was reached, in order.
        rounds: the mean over the tasks for each round: of a race, each seed; otherwise all seeds are one. None of
            them where there is no score.
    """

    stage: Stage
    score: float | None
    results: tuple[TaskResult, ...]
    rounds: tuple[float, ...] = ()

    @property
    def failure(self) -> Failure | None:
        """The first failure among the tasks."""
        return next((result.failure for result in self.results if result.failure is not None), None)

    @property
    def lost(self) -> bool:
        """Whether the system failed it: what the program is worth is not known."""
        return self.failure is not None and self.failure.kind.is_system


def choice_key(evaluation: Evaluation, statements: int, parsimony: float) -> tuple[bool, float]:
    """Return what a run chooses by, the largest first: the mean over the tasks, less `parsimony` for each statement.

    After the search, what is better than AdamW on every task comes before what is not; on tasks that the search does
    not see, what is so in the mean and fails on none. What has no rounds is worth -inf.

    References: linear parsimony pressure, Poli, Langdon & McPhee 2008, section 11.3.
    """
    trains = evaluation.stage is not Stage.SEARCH and evaluation.failure is None
    beats_adamw = trains and (evaluation.score or 0.0) > 0
    return beats_adamw, fmean(evaluation.rounds) - parsimony * statements if evaluation.rounds else -math.inf


def race_order(fingerprint: str, seeds: int) -> tuple[int, ...]:
    """Return the order in which a race trains a program with its seeds: all of them, from one that its name decides.

    With one first seed for all, what is let in would be what that seed favours.

    Examples:
        >>> race_order("00000003c0ffee", 5)
        (3, 4, 0, 1, 2)
    """
    first = int(fingerprint[:8], 16) % seeds
    return (*range(first, seeds), *range(first))
