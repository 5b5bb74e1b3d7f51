"""Programs compared on tasks with the same seeds: each seed's score of one against the same seed's of the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from statistics import mean
from typing import TYPE_CHECKING

from lionsearch.evaluation.estimate import estimate
from lionsearch.evaluation.plan import Seeds
from lionsearch.graph import fingerprint
from lionsearch.lang import Program

if TYPE_CHECKING:
    from lionsearch.evaluation.task_runner import TaskRunner

_FEW = 3  # seeds after which what is clearly different is given up


class PairedStage(Enum):
    """What trainings are for, each with its first seed: to choose steps, to check what came of them, to report."""

    CHOOSE = 3000
    CHECK = 4000
    REPORT = 5000


@dataclass(frozen=True, slots=True)
class Difference:
    """How a program's score differs from another's on each task, over paired seeds.

    Attributes:
        means: of the difference, by task.
        intervals: half the width of each mean's 95 % confidence interval.
    """

    means: tuple[float, ...]
    intervals: tuple[float, ...]

    @property
    def effect(self) -> float:
        """The largest change on any task, whichever way."""
        return max(map(abs, self.means))

    @property
    def bound(self) -> float:
        """The largest change on any task that the confidence intervals leave room for."""
        return max(abs(value) + width for value, width in zip(self.means, self.intervals, strict=True))

    @property
    def interval(self) -> float:
        """The widest interval's half width."""
        return max(self.intervals)


@dataclass
class Scorer:
    """Trains with programs on tasks and keeps what came of it.

    Attributes:
        runners: the tasks, cheap ones first, without early exit.
        seeds: trainings of each program on each task.
        stage: which seeds; the stages share none, and the last has the test split.
    """

    runners: Sequence[TaskRunner]
    seeds: int
    stage: PairedStage = PairedStage.CHOOSE
    _scores: dict[tuple[str, str, int], float | None] = field(default_factory=dict)

    def score(self, program: Program) -> float | None:
        """Return the mean over tasks and seeds; None if any training failed."""
        each = [self._one(program, runner, seed) for runner in self.runners for seed in range(self.seeds)]
        return mean(score for score in each if score is not None) if None not in each else None

    def failure(self, program: Program) -> str | None:
        """Return on which task a program fails, and why, or None."""
        for runner in self.runners:
            for seed in range(self.seeds):
                if self._one(program, runner, seed) is None:
                    found = runner.evaluate(program, self._seeds(seed)).failure
                    return f"{runner.spec.name}: {'' if found is None else found.detail}"
        return None

    def compare(self, program: Program, base: Program, tolerance: float = math.inf) -> Difference | None:
        """Return the difference of scores; None if a training fails, or a task shows more than the tolerance."""
        found: list[tuple[float, float]] = []
        for runner in self.runners:
            differences: list[float] = []
            for seed in range(self.seeds):
                ours, theirs = self._one(program, runner, seed), self._one(base, runner, seed)
                if ours is None or theirs is None:
                    return None
                differences.append(ours - theirs)
                if len(differences) == _FEW and abs(mean(differences)) - _half_width(differences) > tolerance:
                    return None
            found.append((mean(differences), _half_width(differences)))
            if abs(found[-1][0]) > tolerance:
                return None
        means, intervals = zip(*found, strict=True)
        return Difference(means, intervals)

    def within(self, program: Program, base: Program, tolerance: float) -> Difference | None:
        """Return the difference of scores if it is within the tolerance with its confidence intervals, else None."""
        difference = self.compare(program, base, tolerance)
        return difference if difference is not None and difference.bound <= tolerance else None

    def _one(self, program: Program, runner: TaskRunner, seed: int) -> float | None:
        key = (fingerprint(program), runner.spec.name, seed)
        if key not in self._scores:
            self._scores[key] = runner.evaluate(program, self._seeds(seed)).score
        return self._scores[key]

    def _seeds(self, seed: int) -> Seeds:
        split = "test" if self.stage is PairedStage.REPORT else "validation"
        return Seeds((self.stage.value + seed,), split)


def _half_width(values: Sequence[float]) -> float:
    """Return half the width of the mean's 95 % confidence interval; of a single value 0."""
    return estimate(values).interval if len(values) > 1 else 0.0
