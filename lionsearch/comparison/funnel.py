"""From proxies to targets: programs climb stages of tasks, each dearer than the one before, and most fall.

At a stage all programs are tuned alike on its tasks, AdamW among them. Those that are better than AdamW on validation
data and fresh seeds go on. Test data is used once: for those that have climbed every stage.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from lionsearch.comparison.contest import ADAMW, Budget, Entry, adamw, hold, measure
from lionsearch.comparison.contestant import Contestant
from lionsearch.comparison.laboratory import Laboratory
from lionsearch.comparison.standing import Standing, leave_out, rank
from lionsearch.errors import TaskError
from lionsearch.tasks.spec import TaskSpec

Laboratories = Callable[[Sequence[TaskSpec]], AbstractContextManager[Laboratory]]


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """A stage of a funnel.

    Attributes:
        name: such as `middle`.
        tasks: of the stage.
        budget: what each program gets on each of them.
        most: programs that go on from it.
    """

    name: str
    tasks: tuple[TaskSpec, ...]
    budget: Budget
    most: int


@dataclass(frozen=True, slots=True)
class Climb:
    """What came of a stage.

    Attributes:
        stage: which.
        standings: of all programs in it, AdamW among them, on validation data.
        going_on: names of those that go on, the best first.
    """

    stage: FunnelStage
    standings: tuple[Standing, ...]
    going_on: tuple[str, ...]

    def fate(self, name: str) -> str:
        """Return what became of a program, in words."""
        if name in self.going_on:
            return "goes on"
        standing = next(each for each in self.standings if each.contestant == name)
        if any(task.failed for task in standing.tasks.values()):
            return "falls: it fails"
        if standing.lead.is_positive:
            return f"falls: better than AdamW, but not among the best {self.stage.most}"
        return "falls: not better than AdamW" if standing.lead.mean <= 0 else "falls: a tie with AdamW"


@dataclass(frozen=True, slots=True)
class Descent:
    """A whole funnel.

    Attributes:
        climbs: of the stages that were come to, in order.
        final: standings on test data, on all tasks, of those that have climbed every stage; none if all have fallen.
        left_out: a sentence for each task on which AdamW does not train.
    """

    climbs: tuple[Climb, ...]
    final: tuple[Standing, ...]
    left_out: tuple[str, ...] = ()

    @property
    def first(self) -> str | None:
        """The best of those that have climbed every stage, by the last one's validation data; None if all fell."""
        return self.climbs[-1].going_on[0] if self.final else None

    @property
    def winner(self) -> str | None:
        """The first, if it is better than AdamW on test data too, by which it was not chosen."""
        lead = next((each.lead for each in self.final if each.contestant == self.first), None)
        return self.first if lead is not None and lead.is_positive else None


def run_funnel(
    contestants: Sequence[Contestant],
    stages: Sequence[FunnelStage],
    laboratories: Laboratories,
    listener: Callable[[Climb], None] = lambda climb: None,
) -> Descent:
    """Return who climbs how far.

    Args:
        contestants: with different names, none of which is AdamW's.
        stages: cheap ones first.
        laboratories: opens where trainings on some tasks are made.
        listener: told of each stage that is over.

    Raises:
        LionSearchError: if a task cannot be used, or a training was lost.
    """
    reference = adamw()
    left = {each.name: each for each in contestants if each.name != ADAMW}
    climbs: list[Climb] = []
    left_out: list[str] = []
    entries: dict[tuple[str, str], Entry] = {}
    for stage in stages:
        with laboratories(stage.tasks) as laboratory:
            found = hold([*left.values(), reference], stage.budget, "validation", laboratory)
        found, reasons = leave_out(found)
        left_out += reasons
        if not found:
            raise TaskError(f"stage {stage.name!r} has no task left: {'; '.join(left_out)}")
        entries.update({(entry.contestant, entry.task): entry for entry in found})
        standings = rank(found)
        better = [each.contestant for each in standings if _goes_on(each)]
        climbs.append(Climb(stage, tuple(standings), tuple(better[: stage.most])))
        listener(climbs[-1])
        left = {name: left[name] for name in climbs[-1].going_on}
        if not left:
            return Descent(tuple(climbs), (), tuple(left_out))
    known = {**left, ADAMW: reference}
    specs = [spec for stage in stages for spec in stage.tasks]
    with laboratories(specs) as laboratory:
        settled = [
            (known[name], entries[name, spec.name]) for spec in specs if (ADAMW, spec.name) in entries for name in known
        ]
        found, reasons = leave_out(measure(settled, stages[-1].budget.seeds, laboratory))
    if not found:
        raise TaskError(f"nothing can be measured on test data: {'; '.join(reasons)}")
    return Descent(tuple(climbs), tuple(rank(found)), (*left_out, *reasons))


def _goes_on(standing: Standing) -> bool:
    """Return whether a program is better than AdamW, and trains everywhere."""
    fails = any(task.failed for task in standing.tasks.values())
    return (
        standing.contestant != ADAMW and standing.lead.is_positive and not fails and math.isfinite(standing.lead.mean)
    )
