"""What an evaluation consists of: tasks, hurdles, seeds and the room for programs. No JAX."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import Field

from lionsearch.records import Stage
from lionsearch.settings import Settings
from lionsearch.tasks.spec import TaskSpec

FIRST_SEED = {Stage.SEARCH: 0, Stage.CONFIRM: 1000, Stage.REPORT: 2000}
"""The stages' seeds count from here; no stage has a thousand."""


class Limits(Settings):
    """What the interpreter has room for; fixed when it is compiled.

    Attributes:
        max_length: live statements of a program.
        max_slots: live state slots of a program.
    """

    max_length: int = Field(default=64, gt=0)
    max_slots: int = Field(default=6, ge=0)

    @property
    def rows(self) -> int:
        """Rows of the register file: weights, gradient, slots, and a temporary for each statement."""
        return 2 + self.max_slots + self.max_length

    @property
    def instructions(self) -> int:
        """Statements, and the subtraction of the update."""
        return self.max_length + 1

    @property
    def scalars(self) -> int:
        """Distinct scalars that the statements on rows read: at most two each, beside a row."""
        return 2 * self.max_length


@dataclass(frozen=True, slots=True)
class Seeds:
    """Which trainings an evaluation consists of.

    Attributes:
        seeds: of initial weights and batches.
        split: `validation` or `test`, on which the final loss is measured.
    """

    seeds: tuple[int, ...]
    split: str = "validation"


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What an evaluation consists of.

    Attributes:
        tasks: in the order in which they are tried, each with its hurdle: the score on it that opens the next task.
        confirm_seeds: fresh seeds that re-rank the elites, per task.
        report_seeds: fresh seeds of what is reported at the end, per task.
        limits: the longest program.
    """

    tasks: tuple[tuple[TaskSpec, float], ...]
    confirm_seeds: int = 3
    report_seeds: int = 5
    limits: Limits = field(default_factory=Limits)

    def seeds(self, stage: Stage, spec: TaskSpec) -> Seeds:
        """Return the seeds and the split of a stage on a task."""
        counts = {Stage.SEARCH: spec.seeds, Stage.CONFIRM: self.confirm_seeds, Stage.REPORT: self.report_seeds}
        first = FIRST_SEED[stage]
        split = "test" if stage is Stage.REPORT else "validation"
        return Seeds(tuple(range(first, first + counts[stage])), split)
