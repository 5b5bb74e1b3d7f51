"""Single trainings, as comparisons ask for them: one program, task, seed and learning rate at a time.

A search asks for evaluations: several seeds, scored against tuned AdamW, ended early where hopeless. A comparison tunes
every program alike, AdamW among them, so a trial is trained to its end and says its loss and nothing of a score.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lionsearch.errors import SettingError
from lionsearch.evaluation.optimizer import Optimizer
from lionsearch.evaluation.plan import Limits, limits_for
from lionsearch.records import Failure, FailureKind
from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.tasks.spec import TaskSpec

if TYPE_CHECKING:
    from lionsearch.evaluation.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Trial:
    """One training.

    Attributes:
        task: the task's name.
        fingerprint: of the program; with the other attributes but the program, what a result is kept under.
        program: with its weight decay as a constant; or a rival.
        factor: of the task's learning rate.
        seed: of initial weights and batches.
        split: `validation` or `test`, on which the final loss is measured.
        share: of the task's steps that are made, the schedule as much shorter.
    """

    task: str
    fingerprint: str
    program: Optimizer = field(compare=False)
    factor: float
    seed: int
    split: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Training:
    """What came of a trial.

    Attributes:
        loss: the final one on the split; None after a failure.
        chance: an untrained network's on the split; None if it was not measured.
        metrics: the task's own measures on the same split, by name.
        seconds: of the processor for a step, on one core.
        failure: why there is no loss.
        state: numbers of state for each parameter; None if it was not measured.
        costs: gradients, losses and Hessian-vector products of a step, on a batch, in the mean; None likewise.
    """

    loss: float | None
    chance: float | None = None
    metrics: tuple[tuple[str, float], ...] = ()
    seconds: float = 0.0
    failure: Failure | None = None
    state: float | None = None
    costs: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """Which trials there may be.

    Attributes:
        tasks: by which trials name them.
    """

    tasks: tuple[TaskSpec, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tasks."""
        return tuple(spec.name for spec in self.tasks)

    @property
    def largest_batch(self) -> int | None:
        """One: each is kept as it is made."""
        return 1

    def open(self) -> TrialBench:
        """Return what trains in this process; `configure_jax` is called before."""
        return TrialBench(self)

    def lose(self, request: Trial, failure: Failure, task: str) -> Training:
        """Return what is known of a trial that the system lost."""
        return Training(None, failure=failure)


class TrialBench:
    """Trains in this process; each task is loaded and compiled when it is first needed.

    A long program has a machine of its own: in one with room for it, the others would take longer.

    Args:
        plan: which trials there may be.

    Attributes:
        current_task: the task that is trained on, or was last; "" before the first.
    """

    def __init__(self, plan: TrialPlan):
        self._specs = {spec.name: spec for spec in plan.tasks}
        self._trainers: dict[tuple[str, Limits, float], Trainer] = {}
        self.current_task = ""

    def answer(self, requests: Sequence[Trial]) -> list[Training]:
        """Return what came of each trial.

        Raises:
            TaskError: if a task cannot be used.
        """
        return [self._train(trial) for trial in requests]

    def fingerprint_tasks(self) -> dict[str, str]:
        """Return the fingerprint of each task by name.

        Raises:
            TaskError: if a task cannot be used.
        """
        from lionsearch.evaluation.adamw import TunedAdamw  # brings JAX

        return {name: TunedAdamw(self._trainer(name, Limits())).fingerprint for name in self._specs}

    def _train(self, trial: Trial) -> Training:
        program = trial.program
        if isinstance(program, RivalSpec):
            trainer = self._trainer(trial.task, Limits(), trial.share)
        else:
            trainer = self._trainer(trial.task, limits_for([program]), trial.share)
            if "h_gnb" in program.optional_inputs and not trainer.gives_samples:
                detail = "the program asks for 'h_gnb', which the task cannot give"
                return Training(None, failure=Failure(FailureKind.NO_PROGRESS, detail))
        begun = time.process_time()
        try:
            found = trainer.train(program, trial.seed, trial.split, trial.factor)
        except SettingError as error:  # a rival that cannot do this task may do others
            return Training(None, failure=Failure(FailureKind.NO_PROGRESS, str(error)))
        seconds = (time.process_time() - begun) / trainer.spec.steps
        if found.failure is not None:
            return Training(None, failure=found.failure, costs=found.costs)
        chance, state = trainer.chance(trial.seed, trial.split), trainer.state(program)
        return Training(found.loss, chance, found.metrics, seconds, None, state, found.costs)

    def _trainer(self, task: str, limits: Limits, share: float = 1.0) -> Trainer:
        from lionsearch.evaluation.trainer import Trainer  # brings JAX

        self.current_task = task
        key = task, limits, share
        if key not in self._trainers:
            self._trainers[key] = Trainer(_shorten(self._specs[task], share), limits)
        return self._trainers[key]


def _shorten(spec: TaskSpec, share: float) -> TaskSpec:
    """Return the task with a share of its steps, at least one, and of its warm-up."""
    if share == 1.0:
        return spec
    steps = max(1, round(spec.steps * share))
    chunks = min(spec.chunks, steps)
    steps -= steps % chunks
    return spec.model_copy(update={"steps": steps, "chunks": chunks, "warmup": min(steps, round(spec.warmup * share))})
