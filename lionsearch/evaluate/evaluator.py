"""Programs -> `Evaluation`s over an experiment's tasks, cheap ones first.

A candidate sees the next task only if its score on the one before reached that task's hurdle. A task not reached
counts as -1, the score of an untrained network. The search goes by the mean over the tasks, on which every gain
counts; elites are ranked by their worst task, so that the best is better on all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax

from lionsearch.evaluate.plan import EvaluationPlan
from lionsearch.evaluate.task_runner import TaskRunner
from lionsearch.lang import Program
from lionsearch.records import Evaluation, Stage, TaskResult
from lionsearch.tasks.spec import TaskSpec

_UNREACHED = -1.0


class Evaluator:
    """Evaluates programs in this process; each task is loaded and compiled when it is first needed.

    Args:
        plan: tasks, hurdles and seeds.
        batched: whether `evaluate_many` trains with all programs at once; None does so on an accelerator.
    """

    def __init__(self, plan: EvaluationPlan, *, batched: bool | None = None):
        self._plan = plan
        self._batched = jax.default_backend() != "cpu" if batched is None else batched
        self._runners: dict[str, TaskRunner] = {}

    def evaluate(self, program: Program, stage: Stage) -> Evaluation:
        """Return the program's scores at a stage; hurdles count in the search only, and a report is of all tasks.

        Raises:
            TaskError: if a task cannot be used, or cannot give an input that the program asks for.
        """
        results: list[TaskResult] = []
        for spec, hurdle in self._plan.tasks:
            result = self.runner(spec).evaluate(program, self._plan.seeds(stage, spec))
            results.append(result)
            if not self._goes_on(result, hurdle, stage):
                break
        return summarize_results(results, stage, len(self._plan.tasks))

    def evaluate_many(self, programs: Sequence[Program], stage: Stage) -> list[Evaluation]:
        """Return `evaluate` of each program; on an accelerator, task by task with all of them as one batch.

        Raises:
            TaskError: as `evaluate`.
        """
        if not self._batched:
            return [self.evaluate(program, stage) for program in programs]
        results: list[list[TaskResult]] = [[] for _ in programs]
        going = list(range(len(programs)))
        for spec, hurdle in self._plan.tasks:
            batch = [programs[index] for index in going]
            reached = self.runner(spec).evaluate_population(batch, self._plan.seeds(stage, spec))
            for index, result in zip(going, reached, strict=True):
                results[index].append(result)
            going = [index for index in going if self._goes_on(results[index][-1], hurdle, stage)]
        return [summarize_results(found, stage, len(self._plan.tasks)) for found in results]

    def _goes_on(self, result: TaskResult, hurdle: float, stage: Stage) -> bool:
        if stage is Stage.REPORT:
            return True
        return result.score is not None and (stage is not Stage.SEARCH or result.score >= hurdle)

    def runner(self, spec: TaskSpec) -> TaskRunner:
        """Return the runner of a task, loaded at the first call."""
        if spec.name not in self._runners:
            self._runners[spec.name] = TaskRunner(spec, self._plan.limits)
        return self._runners[spec.name]


def summarize_results(results: Sequence[TaskResult], stage: Stage, tasks: int) -> Evaluation:
    """Return the evaluation that these results amount to, of so many tasks."""
    scores = [result.score for result in results if result.score is not None]
    if len(scores) < len(results):
        return Evaluation(stage, None, tuple(results))
    scores += [_UNREACHED] * (tasks - len(scores))
    score = sum(scores) / tasks if stage is Stage.SEARCH else min(scores)
    return Evaluation(stage, score, tuple(results))
