"""What an evaluation consists of: tasks, hurdles, seeds and the room for programs; what is asked for. No JAX."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lionsearch.catalog.schema import Settings, at_most
from lionsearch.graph import find_live
from lionsearch.lang import Program
from lionsearch.limits import PROGRAM_SLOTS, PROGRAM_STATEMENTS
from lionsearch.records import Evaluation, Failure, Stage, TaskResult
from lionsearch.tasks.spec import TaskSpec

if TYPE_CHECKING:
    from lionsearch.evaluation.evaluator import Evaluator

FIRST_SEED = {Stage.SEARCH: 0, Stage.CONFIRM: 1000, Stage.REPORT: 2000, Stage.META: 6000}
"""The stages' seeds count from here; no stage has a thousand. Simplification has those from 3000."""


TIME_LIMIT = 300.0
"""Seconds that a program may take on a Ray worker, compilation included, unless another limit is asked for."""


class Limits(Settings):
    """What the interpreter has room for; fixed when it is compiled.

    Attributes:
        max_length: live statements of a program.
        max_slots: live state slots of a program.
    """

    max_length: int = at_most(PROGRAM_STATEMENTS, "a program has no more statements", default=64, gt=0)
    max_slots: int = at_most(PROGRAM_SLOTS, "a program has no more slots", default=6, ge=0)


def limits_for(programs: Iterable[Program]) -> Limits:
    """Return the default limits, or larger ones where a program needs them."""
    default, live = Limits(), [find_live(program) for program in programs]
    return Limits(
        max_length=max([default.max_length, *(len(found.statements) for found in live)]),
        max_slots=max([default.max_slots, *(len(found.slots) for found in live)]),
    )


@dataclass(frozen=True, slots=True)
class Seeds:
    """Which trainings an evaluation consists of.

    Attributes:
        seeds: of initial weights and batches.
        split: `validation` or `test`, on which the final loss is measured.
        early_exit: whether hopeless training ends early. It saves a search its time; a program that was chosen is
            trained with to the end, or one bad moment on one seed would leave it without a score.
    """

    seeds: tuple[int, ...]
    split: str = "validation"
    early_exit: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One program to evaluate.

    Attributes:
        fingerprint: comes back with the result.
        program: without dead code.
        stage: decides seeds and split.
        hurdles: of a race, as `Evaluator.evaluate` takes them.
    """

    fingerprint: str
    program: Program
    stage: Stage
    hurdles: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What an evaluation consists of.

    Attributes:
        tasks: in the order in which they are tried, each with its hurdle: the score on it that opens the next task.
        confirm_seeds: fresh seeds that re-rank the elites, per task.
        report_seeds: fresh seeds of what is reported at the end, per task.
        limits: the longest program.
        meta: tasks that the search does not see.
        meta_seeds: seeds on these, per task.
    """

    tasks: tuple[tuple[TaskSpec, float], ...]
    confirm_seeds: int = 3
    report_seeds: int = 5
    limits: Limits = field(default_factory=Limits)
    meta: tuple[TaskSpec, ...] = ()
    meta_seeds: int = 8

    def tasks_at(self, stage: Stage) -> tuple[tuple[TaskSpec, float], ...]:
        """Return the tasks of a stage, each with its hurdle."""
        return tuple((spec, -1.0) for spec in self.meta) if stage is Stage.META else self.tasks

    def seeds(self, stage: Stage, spec: TaskSpec) -> Seeds:
        """Return the seeds and the split of a stage on a task."""
        counts = {
            Stage.SEARCH: spec.seeds,
            Stage.CONFIRM: self.confirm_seeds,
            Stage.META: self.meta_seeds,
            Stage.REPORT: self.report_seeds,
        }
        first = FIRST_SEED[stage]
        split = "test" if stage is Stage.REPORT else "validation"
        return Seeds(tuple(range(first, first + counts[stage])), split, early_exit=stage is Stage.SEARCH)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tasks, also of those that the search does not see."""
        return (*(spec.name for spec, _ in self.tasks), *(spec.name for spec in self.meta))

    @property
    def largest_batch(self) -> int | None:
        """As many as a worker takes."""
        return None

    def open(self) -> Evaluator:
        """Return what answers the requests in this process; `configure_jax` is called before."""
        from lionsearch.evaluation.evaluator import Evaluator  # brings JAX

        return Evaluator(self)

    def lose(self, request: Request, failure: Failure, task: str) -> Evaluation:
        """Return the evaluation of a program that the system lost; a report is of all tasks.

        Args:
            request: that was lost.
            failure: of the system.
            task: that was trained on; "" if that is not known.
        """
        names = [spec.name for spec, _ in self.tasks_at(request.stage)]
        lost = task if task in names else names[0]
        rest = Failure(failure.kind, f"not measured: lost on {lost}" if task else f"not measured: {failure.detail}")
        results = [TaskResult(name, failure=failure if name == lost else rest) for name in names]
        if request.stage is not Stage.REPORT:
            results = [result for result in results if result.task == lost]
        return Evaluation(request.stage, None, tuple(results))
