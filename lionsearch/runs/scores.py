"""Programs and rivals + tasks -> scores on held-out seeds: what `evaluate` shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean

from lionsearch.evaluation.estimate import estimate
from lionsearch.evaluation.optimizer import Optimizer, learning_rate, names_rate, weight_decay_of
from lionsearch.evaluation.plan import FIRST_SEED, Seeds, limits_for
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.lang import Program
from lionsearch.records import Failure, Stage, TaskResult
from lionsearch.tasks.spec import TaskSpec


@dataclass(frozen=True, slots=True)
class Score:
    """A program on a task, over several seeds.

    Attributes:
        program: what it is called.
        task: the task's name.
        score: the mean over the seeds; 0 is tuned AdamW on the same seeds, -1 an untrained network; None if any failed.
        interval: half the width of the score's 95 % confidence interval; None of one seed, or if any failed.
        loss: the mean final loss on the split; None if any failed.
        metrics: means of the task's own measures, by name.
        scores: of each seed; None for one that failed.
        failure: the first, if there is one.
        costs: gradients, losses and Hessian-vector products that a step asks for on a batch; None if a rival failed.
        seconds: of the processor for a step, the least of the trainings, without compiling; None of one training.
        learning_rate: its peak on the task, `lr_scale` in it; None for a program without, whose constants have no
            names, and for what finds it by itself.
        weight_decay: None where none is named.
    """

    program: str
    task: str
    score: float | None
    interval: float | None
    loss: float | None
    metrics: dict[str, float]
    scores: tuple[float | None, ...]
    failure: Failure | None
    costs: tuple[float, float, float] | None = None
    seconds: float | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None


def score_programs(
    programs: Sequence[tuple[str, Optimizer]],
    specs: Sequence[TaskSpec],
    seeds: int = 3,
    split: str = "test",
    listener: Callable[[int, int], None] = lambda done, total: None,
) -> list[Score]:
    """Return each program's score on each task, task by task.

    The seeds are held out: the first of those that a search reports with, by which none chooses.

    Args:
        programs: each with what to call it; or rivals, resolved.
        specs: the tasks.
        seeds: trainings with each, with other weights and batches.
        split: `test` or `validation`, the examples that the loss is measured on.
        listener: told how many of how many trainings are done.

    Raises:
        TaskError: if a task cannot be used, or cannot give what a program asks for.
    """
    first = FIRST_SEED[Stage.REPORT]
    limits = limits_for(program for _, program in programs if isinstance(program, Program))
    rows: list[Score] = []
    for spec in specs:
        runner = TaskRunner(spec, limits)
        for name, program in programs:
            each: list[TaskResult] = []
            seconds: list[float] = []
            for seed in range(first, first + seeds):
                runner.reference(seed, split)  # which is not the program's time
                begun = time.process_time()
                each.append(runner.evaluate(program, Seeds((seed,), split)))
                if each[-1].failure is None:
                    seconds.append((time.process_time() - begun) / spec.steps)
                listener(len(rows) * seeds + len(each), len(specs) * len(programs) * seeds)
            costs = runner.trainer.costs(program) if isinstance(program, Program) else each[-1].costs
            least = min(seconds) if len(seconds) > 1 else None  # the first has compiled
            rate = learning_rate(program, spec) if names_rate(program) else None
            decay = weight_decay_of(program)
            facts = {"costs": costs, "seconds": least, "learning_rate": rate, "weight_decay": decay}
            rows.append(replace(_summarize(name, each), **facts))
    return rows


def _summarize(name: str, each: list[TaskResult]) -> Score:
    """Return what the results of single seeds amount to."""
    scores = tuple(result.score for result in each)
    failure = next((result.failure for result in each if result.failure is not None), None)
    found = [score for score in scores if score is not None]
    if failure is not None:
        return Score(name, each[0].task, None, None, None, {}, scores, failure)
    interval = estimate(found).interval if len(found) > 1 else None
    loss = mean(result.loss for result in each if result.loss is not None)
    metrics = {key: mean(dict(result.metrics)[key] for result in each) for key, _ in each[0].metrics}
    return Score(name, each[0].task, mean(found), interval, loss, metrics, scores, None)
