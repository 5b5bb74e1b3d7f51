"""Frozen records that cross processes and disk."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    """Which seeds and which split an evaluation uses; the three never share either seed or, at the end, split.

    `search` ranks candidates, `confirm` re-ranks the elites on fresh seeds, `report` is what is claimed at the end:
    seeds of its own, on the test split.
    """

    SEARCH = "search"
    CONFIRM = "confirm"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What came of training with a program on one task.

    Attributes:
        task: the task's name.
        loss: mean final loss over the seeds on the stage's split; None after a failure.
        score: 0 is tuned AdamW on the same seeds, -1 an untrained network; None after a failure.
        failure: why there is no score.
        metrics: the task's own measures on the same split, by name.
    """

    task: str
    loss: float | None = None
    score: float | None = None
    failure: Failure | None = None
    metrics: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of a program on all tasks of an experiment.

    Attributes:
        stage: the seeds and split used.
        score: in the search the mean over the tasks, where a task not reached (hurdle) counts as -1; at the other
            stages the worst task's score. None after a failure.
        results: one for each task that was reached, in order.
    """

    stage: Stage
    score: float | None
    results: tuple[TaskResult, ...]

    @property
    def failure(self) -> Failure | None:
        """The first failure among the tasks."""
        return next((result.failure for result in self.results if result.failure is not None), None)
