"""What is known of a run's programs at each stage: from its store, or from the pool when it was asked for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Container

from lionsearch.archive import RunStore
from lionsearch.evaluation.plan import Request
from lionsearch.lang import Program
from lionsearch.records import Evaluation, FailureKind, Stage
from lionsearch.runs.listener import Listener
from lionsearch.workers.pool import Pool


class Evaluations:
    """The evaluations of a run, each asked for once.

    Args:
        store: of the run; what it has is known.
        pool: where the others are made.
        listener: told when the first is asked for, which compiles the tasks.

    Attributes:
        known: by stage and fingerprint.
        made: how many came from the pool.
        started: when the first came from the pool, as `time.monotonic` has it; None before.
    """

    def __init__(self, store: RunStore, pool: Pool[Request, Evaluation], listener: Listener):
        self._pool, self._listener = pool, listener
        self.known = {stage: store.evaluations(stage) for stage in Stage}
        self._in_flight: set[tuple[str, Stage]] = set()
        self._asked = False
        self.made = 0
        self.started: float | None = None

    def is_wanting(self, name: str, stage: Stage) -> bool:
        """Return whether an evaluation is neither known nor asked for."""
        return name not in self.known[stage] and (name, stage) not in self._in_flight

    def ask(self, name: str, program: Program, stage: Stage, hurdles: tuple[float, ...] | None = None) -> None:
        """Ask the pool for an evaluation that is wanting; nothing waits for it."""
        if not self._asked:
            self._asked = True
            self._listener.step("compiling the tasks, and training with AdamW, by which scores are measured")
        self._in_flight.add((name, stage))
        self._pool.submit(Request(name, program, stage, hurdles))

    def wait(self, name: str, stage: Stage) -> Evaluation:
        """Return an evaluation that is known or was asked for."""
        while name not in self.known[stage]:
            collected = self._pool.collect()
            if self.started is None:
                self.started = time.monotonic()
            for request, evaluation in collected:
                self._in_flight.discard((request.fingerprint, request.stage))
                self.known[request.stage][request.fingerprint] = evaluation
                self.made += 1
        return self.known[stage][name]

    def forget_search(self) -> None:
        """Drop what the search asked for and no worker has begun."""
        self._pool.forget(lambda request: request.stage is Stage.SEARCH)

    def count_lost(self, programs: Container[str]) -> tuple[tuple[Stage, FailureKind, int], ...]:
        """Return how many evaluations of some programs the system failed, by stage and kind of failure."""
        kinds = Counter(
            (stage, evaluation.failure.kind)
            for stage, known in self.known.items()
            for name, evaluation in known.items()
            if name in programs and evaluation.lost and evaluation.failure is not None
        )
        return tuple((*key, count) for key, count in sorted(kinds.items()))
