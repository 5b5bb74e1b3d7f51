"""Procedures -> their results: trials are looked up among what was done, and the others are trained, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from lionsearch.comparison.ledger import Ledger
from lionsearch.comparison.procedure import Procedure, R
from lionsearch.errors import RunError
from lionsearch.evaluation.trials import Training, Trial
from lionsearch.records import FailureKind
from lionsearch.tasks.spec import TaskSpec
from lionsearch.workers.pool import Pool

Opener = Callable[[], Pool[Trial, Training]]


@dataclass(frozen=True, slots=True)
class Work:
    """How far a laboratory is.

    Attributes:
        done: trainings that were made by it.
        waiting: trials that it was asked for and has not made yet.
        last: what was trained last.
    """

    done: int
    waiting: int
    last: str


@dataclass
class _Under(Generic[R]):
    """A procedure under way: what it waits for, and its result once there is one."""

    procedure: Procedure[R]
    wanted: Sequence[Trial] = ()
    result: list[R] = field(default_factory=list)

    def send(self, found: list[Training] | None) -> None:
        try:
            self.wanted = next(self.procedure) if found is None else self.procedure.send(found)
        except StopIteration as end:
            self.result.append(end.value)


class Laboratory:
    """Runs procedures.

    Args:
        ledger: what was trained before, and where the rest is kept.
        open_pool: opens where trainings are made; called when the first is needed.
        listener: told how far it is after each training.
    """

    def __init__(self, ledger: Ledger, open_pool: Opener, listener: Callable[[Work], None] = lambda work: None):
        self._ledger, self._open_pool, self._listener = ledger, open_pool, listener
        self._pool: Pool[Trial, Training] | None = None
        self._in_flight: set[Trial] = set()
        self._done = 0

    @property
    def tasks(self) -> tuple[TaskSpec, ...]:
        """The tasks that are trained on, with the rates that the trainings before had."""
        return self._ledger.tasks

    def run(self, procedures: Sequence[Procedure[R]]) -> list[R]:
        """Return the result of each procedure.

        Raises:
            LionSearchError: if a task cannot be used, or a training was lost; those before are kept.
        """
        if self._ledger.suspects:
            self._open()
        under = [_Under(procedure) for procedure in procedures]
        for each in under:
            each.send(None)
        while True:
            for each in under:
                self._advance(each)
            if all(each.result for each in under):
                return [each.result[0] for each in under]
            self._collect()

    def close(self) -> None:
        """Stop the workers."""
        if self._pool is not None:
            self._pool.close()

    def _advance(self, each: _Under[R]) -> None:
        """Go on with a procedure as far as its trials are known; have the others made."""
        while not each.result:
            found = [self._ledger.find(trial) for trial in each.wanted]
            known = [training for training in found if training is not None]
            if len(known) < len(found):
                for trial in each.wanted:
                    self._submit(trial)
                return
            each.send(known)

    def _submit(self, trial: Trial) -> None:
        if trial in self._in_flight or self._ledger.find(trial) is not None:
            return
        self._in_flight.add(trial)
        self._open().submit(trial)

    def _open(self) -> Pool[Trial, Training]:
        """Return where trainings are made; the first time, see that the tasks are what they were."""
        if self._pool is None:
            self._pool = self._open_pool()
            self._ledger.check_tasks(self._pool.fingerprint_tasks())
        return self._pool

    def _collect(self) -> None:
        assert self._pool is not None, "what waits was submitted"
        lost = ""
        for trial, training in self._pool.collect():
            self._in_flight.discard(trial)
            if training.failure is not None and training.failure.kind.is_system:
                late = " (--time-limit gives it more)" if training.failure.kind is FailureKind.TIMEOUT else ""
                lost = f"a training on task {trial.task!r} was lost: {training.failure.detail}{late}"
                continue
            self._ledger.add(trial, training)
            self._done += 1
            self._listener(Work(self._done, len(self._in_flight), trial.task))
        if lost:
            raise RunError(f"{lost}; what was trained is kept, and the same command goes on")
