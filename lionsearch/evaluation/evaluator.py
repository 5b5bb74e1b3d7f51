"""Programs -> `Evaluation`s over an experiment's tasks, cheap ones first.

A candidate sees the next task only if its score on the one before reached that task's hurdle. A task not reached
counts as -1, the score of an untrained network. The search goes by the mean over the tasks, on which every gain
counts, and so does the choice of the best, among those whose worst task is better than AdamW if there are such.

A race goes by rounds, each with one seed on all tasks; the mean of the rounds so far decides whether the next is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

import jax

from lionsearch.evaluation.plan import FIRST_SEED, EvaluationPlan, Request, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.graph import fingerprint
from lionsearch.lang import Program
from lionsearch.records import UNTRAINED, Evaluation, Stage, TaskResult, merge_results, race_order
from lionsearch.tasks.spec import TaskSpec


@dataclass
class _Course:
    """What came of a program so far: the results of each round, one for each task that it reached."""

    program: Program
    hurdles: tuple[float, ...] | None
    order: tuple[int, ...]
    rounds: list[list[TaskResult]] = field(default_factory=list)

    def round_scores(self, tasks: int) -> tuple[float, ...]:
        """Return the mean over the tasks of each round; none after a failure."""
        if any(result.score is None for results in self.rounds for result in results):
            return ()
        scores = [[result.score or 0.0 for result in results] for results in self.rounds]
        return tuple(sum([*each, *[UNTRAINED] * (tasks - len(each))]) / tasks for each in scores)

    def goes_on(self, tasks: int) -> bool:
        """Return whether there is another round for it."""
        if not self.rounds:
            return True
        done = len(self.rounds)
        if self.hurdles is None or done > len(self.hurdles) or len(self.rounds[0]) < tasks:
            return False
        scores = self.round_scores(tasks)
        return bool(scores) and fmean(scores) >= self.hurdles[done - 1]


def _enter(program: Program, hurdles: tuple[float, ...] | None) -> _Course:
    order = (0,) if hurdles is None else race_order(fingerprint(program), len(hurdles) + 1)
    return _Course(program, hurdles, order)


class Evaluator:
    """Evaluates programs in this process; each task is loaded and compiled when it is first needed.

    Args:
        plan: tasks, hurdles and seeds.
        batched: whether `evaluate_many` trains with all programs at once; None does so on an accelerator.

    Attributes:
        current_task: the task that is trained on, or was last; "" before the first.
    """

    def __init__(self, plan: EvaluationPlan, *, batched: bool | None = None):
        self._plan = plan
        self._batched = jax.default_backend() != "cpu" if batched is None else batched
        self._runners: dict[str, TaskRunner] = {}
        self.current_task = ""

    def evaluate(self, program: Program, stage: Stage, hurdles: tuple[float, ...] | None = None) -> Evaluation:
        """Return the program's scores at a stage.

        Args:
            program: any valid program.
            stage: decides seeds and split. The tasks' hurdles count in the search only, and a report is of all tasks.
            hurdles: of a race: for each seed after the first, in the program's `race_order`, the mean so far that opens
                it. None trains with all the seeds of the stage.

        Raises:
            TaskError: if a task cannot be used, or cannot give an input that the program asks for.
        """
        return self.evaluate_many([program], stage, [hurdles])[0]

    def answer(self, requests: Sequence[Request]) -> list[Evaluation]:
        """Return one evaluation for each request.

        Raises:
            TaskError: as `evaluate`.
        """
        found: dict[Request, Evaluation] = {}
        for stage in Stage:
            chosen = [request for request in requests if request.stage is stage]
            programs, hurdles = [request.program for request in chosen], [request.hurdles for request in chosen]
            found.update(zip(chosen, self.evaluate_many(programs, stage, hurdles), strict=True))
        return [found[request] for request in requests]

    def evaluate_many(
        self,
        programs: Sequence[Program],
        stage: Stage,
        hurdles: Sequence[tuple[float, ...] | None] | None = None,
    ) -> list[Evaluation]:
        """Return `evaluate` of each program; on an accelerator, task by task with all of them as one batch.

        Raises:
            TaskError: as `evaluate`.
        """
        tasks = len(self._plan.tasks_at(stage))
        courses = [_enter(*each) for each in zip(programs, hurdles or [None] * len(programs), strict=True)]
        number = 0
        while going := [course for course in courses if course.goes_on(tasks)]:
            for course in going:
                course.rounds.append([])
            self._run_round(going, stage, number)
            number += 1
        return [self._summarize(course, stage) for course in courses]

    def _run_round(self, courses: list[_Course], stage: Stage, number: int) -> None:
        for spec, hurdle in self._plan.tasks_at(stage):
            groups: dict[int | None, list[_Course]] = {}
            for course in courses:
                groups.setdefault(None if course.hurdles is None else course.order[number], []).append(course)
            for seed, chosen in groups.items():
                seeds = self._plan.seeds(stage, spec)
                if seed is not None:
                    seeds = Seeds((FIRST_SEED[stage] + seed,), seeds.split, seeds.early_exit)
                results = self._train([course.program for course in chosen], spec, seeds)
                for course, result in zip(chosen, results, strict=True):
                    course.rounds[-1].append(result)
            opens = hurdle if number == 0 else -float("inf")
            courses = [course for course in courses if self._sees_next(course.rounds[-1][-1], opens, stage)]

    def _train(self, programs: list[Program], spec: TaskSpec, seeds: Seeds) -> list[TaskResult]:
        if self._batched:
            return self.runner(spec).evaluate_population(programs, seeds)
        return [self.runner(spec).evaluate(program, seeds) for program in programs]

    def _sees_next(self, result: TaskResult, hurdle: float, stage: Stage) -> bool:
        if stage in (Stage.REPORT, Stage.META):
            return True
        return result.score is not None and (stage is not Stage.SEARCH or result.score >= hurdle)

    def _summarize(self, course: _Course, stage: Stage) -> Evaluation:
        tasks = len(self._plan.tasks_at(stage))
        reached = len(course.rounds[0])
        results = tuple(
            merge_results([results[position] for results in course.rounds if len(results) > position])
            for position in range(reached)
        )
        if stage is Stage.META:
            score = fmean(UNTRAINED if result.score is None else result.score for result in results)
            return Evaluation(stage, score, results, (score,))
        rounds = course.round_scores(tasks)
        if not rounds:
            return Evaluation(stage, None, results)
        score = fmean(rounds) if stage is Stage.SEARCH else min(result.score or 0.0 for result in results)
        return Evaluation(stage, score, results, rounds)

    def fingerprint_tasks(self) -> dict[str, str]:
        """Return the fingerprint of each task by name: its settings, data, code and reference.

        Raises:
            TaskError: if a task cannot be used.
        """
        specs = [*(spec for spec, _ in self._plan.tasks), *self._plan.meta]
        return {spec.name: self.runner(spec).fingerprint for spec in specs}

    def runner(self, spec: TaskSpec) -> TaskRunner:
        """Return the runner of a task, loaded at the first call."""
        self.current_task = spec.name
        if spec.name not in self._runners:
            self._runners[spec.name] = TaskRunner(spec, self._plan.limits)
        return self._runners[spec.name]
