"""What a finished search may claim: scores with intervals, and the sentence that follows from them.

All programs of a report share their seeds, so two of them are compared seed by seed.
"""

from __future__ import annotations

from dataclasses import dataclass

from lionsearch.evaluation.estimate import Estimate, estimate
from lionsearch.records import Evaluation


@dataclass(frozen=True, slots=True)
class TaskVerdict:
    """A search's best program on one task, on seeds and examples that nothing was chosen by.

    Attributes:
        task: the task's name.
        start: the first program's score; None if it failed.
        best: the best program's score, which is its lead over tuned AdamW; None if it failed.
        lead: of the best over the start, seed by seed; None if one of them failed.
    """

    task: str
    start: Estimate | None
    best: Estimate | None
    lead: Estimate | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a search may claim.

    Attributes:
        tasks: in the experiment's order.
    """

    tasks: tuple[TaskVerdict, ...]

    @property
    def better(self) -> tuple[str, ...]:
        """The tasks on which the best is better than tuned AdamW."""
        return tuple(each.task for each in self.tasks if each.best is not None and each.best.is_positive)

    def __str__(self) -> str:
        """Return it as a sentence."""
        ahead = tuple(each.task for each in self.tasks if each.lead is not None and each.lead.is_positive)
        return f"{self._claim(self.better, 'tuned AdamW')}; {self._claim(ahead, 'the start')}"

    def _claim(self, names: tuple[str, ...], rival: str) -> str:
        count = len(self.tasks)
        if not names:
            where = {1: "", 2: " on either task"}.get(count, " on any task")
            return f"no better than {rival}{where}"
        if len(names) == count:
            where = {1: "", 2: " on both tasks"}.get(count, f" on all {count} tasks")
            return f"better than {rival}{where}"
        return f"better than {rival} on {', '.join(names)} only"


def judge(best: Evaluation, start: Evaluation) -> Verdict:
    """Return what the reports of the best and of the first program amount to.

    Args:
        best: of the best program, at the stage `report`.
        start: of the first program, at the same stage.

    Examples:
        >>> from lionsearch.records import Stage, TaskResult
        >>> def report(*scores):
        ...     return Evaluation(Stage.REPORT, min(scores), (TaskResult("digits", 1.0, min(scores), scores=scores),))
        >>> print(judge(report(0.1, 0.12, 0.11), report(0.1, 0.11, 0.12)))
        better than tuned AdamW; no better than the start
    """
    scores = [{result.task: result.scores for result in evaluation.results} for evaluation in (best, start)]
    tasks = list(dict.fromkeys(result.task for evaluation in (start, best) for result in evaluation.results))
    return Verdict(tuple(_judge_task(task, *(each.get(task, ()) for each in scores)) for task in tasks))


def _judge_task(task: str, best: tuple[float, ...], start: tuple[float, ...]) -> TaskVerdict:
    lead = [ours - theirs for ours, theirs in zip(best, start, strict=False)]
    return TaskVerdict(task, *(estimate(values) if values else None for values in (start, best, lead)))
