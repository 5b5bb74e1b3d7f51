"""One task on this machine: programs -> `TaskResult`, against tuned AdamW on the same seeds.

`trainer.py` trains, `adamw.py` has what is measured against, and `judge.py` says what a training is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from lionsearch.evaluation.adamw import TunedAdamw
from lionsearch.evaluation.encoding import EncodedProgram
from lionsearch.evaluation.judge import Judge
from lionsearch.evaluation.machine import Machine
from lionsearch.evaluation.optimizer import Optimizer
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.references import Reference
from lionsearch.evaluation.trainer import Trainer
from lionsearch.evaluation.training import Outcome
from lionsearch.lang import Program
from lionsearch.records import Failure, TaskResult
from lionsearch.tasks.calling import calls_task
from lionsearch.tasks.spec import TaskSpec


class TaskRunner:
    """Scores optimizers on one task.

    Args:
        spec: the task.
        limits: the longest program.

    Attributes:
        trainer: trains with them.

    Raises:
        TaskError: if the task's factory breaks the interface.
    """

    def __init__(self, spec: TaskSpec, limits: Limits):
        self.spec = spec
        self.trainer = Trainer(spec, limits)
        self._adamw = TunedAdamw(self.trainer)
        self._judge = Judge(spec, self.reference)

    def reference(self, seed: int, split: str) -> Reference:
        """Return tuned AdamW's result on a seed; see `TunedAdamw.reference`."""
        return self._adamw.reference(seed, split)

    @property
    def fingerprint(self) -> str:
        """The task's fingerprint: its settings, data, code and reference."""
        return self._adamw.fingerprint

    @calls_task
    def evaluate(self, program: Optimizer, seeds: Seeds) -> TaskResult:
        """Train with a program, or a rival, once per seed, until it fails.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        run = self.trainer.ready(program)
        if isinstance(run, Failure):
            return TaskResult(self.spec.name, failure=run)
        outcomes: list[Outcome] = []
        for seed in seeds.seeds:
            outcome = run(seed, seeds.split, self._judge.limits(seed, seeds))
            failure = self._judge.failure(outcome, seed, seeds)
            if failure is not None:
                return TaskResult(self.spec.name, failure=failure)
            outcomes.append(outcome)
        result = self._judge.summarize(outcomes, seeds)
        if isinstance(program, Program):
            return result
        return replace(result, costs=self.trainer.costs_of(program, outcomes[-1]))

    @calls_task
    def losses(self, program: Optimizer, seeds: Seeds, lr_factor: float = 1.0) -> list[float]:
        """Return the final loss of each seed, at a multiple of the task's schedule; inf if the program cannot run.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        run = self.trainer.ready(program, lr_factor)
        if isinstance(run, Failure):
            return [float("inf")] * len(seeds.seeds)
        return [float(run(seed, seeds.split, self._judge.limits(seed, seeds)).loss) for seed in seeds.seeds]

    @calls_task
    def curve(self, program: Optimizer, seeds: Seeds) -> list[float]:
        """Return the mean loss on the probe after each chunk, up to where it is no number on some seed.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        run = self.trainer.ready(program)
        if isinstance(run, Failure):
            return []
        limits = [self._judge.limits(seed, seeds) for seed in seeds.seeds]
        curves = [
            np.asarray(run(seed, seeds.split, limit).curve, np.float64)
            for seed, limit in zip(seeds.seeds, limits, strict=True)
        ]
        mean = np.mean(curves, axis=0)
        finite = np.isfinite(mean)
        return mean[: len(mean) if finite.all() else int(np.argmin(finite))].tolist()

    @calls_task
    def evaluate_population(self, programs: Sequence[Program], seeds: Seeds) -> list[TaskResult]:
        """Train with many programs at once, as one batch: the way to use an accelerator.

        On a CPU this is slower than one program at a time, since every operation runs for every statement.
        """
        results: list[TaskResult | None] = [None] * len(programs)
        groups: dict[tuple[Machine, tuple[Any, ...]], dict[int, EncodedProgram]] = {}
        for index, program in enumerate(programs):
            prepared = self.trainer.prepare(program)
            if isinstance(prepared, Failure):
                results[index] = TaskResult(self.spec.name, failure=prepared)
            else:
                machine, encoded_program = prepared
                key = (machine, tuple(encoded_program.settings.items()))
                groups.setdefault(key, {})[index] = encoded_program
        for (machine, _), encoded in groups.items():
            for index, result in zip(encoded, self._evaluate_group(machine, [*encoded.values()], seeds), strict=True):
                results[index] = result
        return [result for result in results if result is not None]

    def _evaluate_group(self, machine: Machine, encoded: list[EncodedProgram], seeds: Seeds) -> list[TaskResult]:
        """Evaluate programs of one machine as one batch."""
        outcomes: list[list[Outcome]] = [[] for _ in encoded]
        failures: list[Failure | None] = [None] * len(encoded)
        courses = self.trainer.courses
        for seed in seeds.seeds:
            limits, examples = self._judge.limits(seed, seeds), courses.examples(seeds.split)
            batch = self.trainer.interpreter(machine).train_many(encoded, courses.of_seed(seed), examples, limits)
            for index in range(len(encoded)):
                outcome = jax.tree.map(lambda leaf, at=index: leaf[at], batch)
                outcomes[index].append(outcome)
                failures[index] = failures[index] or self._judge.failure(outcome, seed, seeds)
        return [
            self._judge.summarize(found, seeds) if failure is None else TaskResult(self.spec.name, failure=failure)
            for found, failure in zip(outcomes, failures, strict=True)
        ]
