"""Programs -> `Evaluation`s over an experiment's tasks, cheap ones first.

A candidate sees the next task only if its score on the one before reached that task's hurdle. A task not reached
counts as -1, the score of an untrained network.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    """

    def __init__(self, plan: EvaluationPlan):
        self._plan = plan
        self._runners: dict[str, TaskRunner] = {}

    def evaluate(self, program: Program, stage: Stage) -> Evaluation:
        """Return the program's scores at a stage; hurdles count in the search only.

        Raises:
            TaskError: if a task cannot be used, or cannot give an input that the program asks for.
        """
        results: list[TaskResult] = []
        for spec, hurdle in self._plan.tasks:
            result = self.runner(spec).evaluate(program, self._plan.seeds(stage, spec))
            results.append(result)
            if result.score is None or (stage is Stage.SEARCH and result.score < hurdle):
                break
        return summarize_results(results, stage, len(self._plan.tasks))

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
    total = sum(scores) + _UNREACHED * (tasks - len(scores))
    return Evaluation(stage, total / tasks, tuple(results))
