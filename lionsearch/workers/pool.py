"""Where evaluations run. A pool takes requests and gives results back in any order.

`LocalPool` evaluates in this process and is the reference behaviour; `lionsearch.workers.ray_pool` uses Ray.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from lionsearch.evaluation.plan import EvaluationPlan
from lionsearch.lang import Program
from lionsearch.records import Evaluation, Stage


@dataclass(frozen=True, slots=True)
class Request:
    """One program to evaluate.

    Attributes:
        fingerprint: comes back with the result.
        program: without dead code.
        stage: decides seeds and split.
        hurdles: of a race, as `Evaluator.evaluate` takes them.
    """

    fingerprint: str
    program: Program
    stage: Stage
    hurdles: tuple[float, ...] | None = None


class Pool(Protocol):
    """The one interface of all pools."""

    def submit(self, request: Request) -> None:
        """Queue a request; returns at once."""
        ...

    def collect(self) -> list[tuple[Request, Evaluation]]:
        """Wait for at least one result and return all there are; a request comes back exactly once.

        Raises:
            LionSearchError: if a task cannot be used.
        """
        ...

    def forget(self, stage: Stage) -> None:
        """Drop the requests of a stage that are not begun: they do not come back."""
        ...

    def fingerprint_tasks(self) -> dict[str, str]:
        """Return the fingerprint of each task by name, as the workers have it.

        Raises:
            LionSearchError: if a task cannot be used.
        """
        ...

    def close(self) -> None:
        """Stop the workers; requests not collected are lost."""
        ...


class LocalPool:
    """Evaluates in this process, one request at a time, in order.

    Args:
        plan: what an evaluation consists of.
    """

    def __init__(self, plan: EvaluationPlan):
        from lionsearch.evaluation.evaluator import Evaluator  # here, so that `configure_jax` can be called first

        self._evaluator = Evaluator(plan)
        self._queue: deque[Request] = deque()

    def submit(self, request: Request) -> None:
        """Queue a request."""
        self._queue.append(request)

    def collect(self) -> list[tuple[Request, Evaluation]]:
        """Evaluate the oldest request."""
        request = self._queue.popleft()
        return [(request, self._evaluator.evaluate(request.program, request.stage, request.hurdles))]

    def forget(self, stage: Stage) -> None:
        """Drop the requests of a stage."""
        self._queue = deque(request for request in self._queue if request.stage is not stage)

    def fingerprint_tasks(self) -> dict[str, str]:
        """Load the tasks."""
        return self._evaluator.fingerprint_tasks()

    def close(self) -> None:
        """Forget what is queued."""
        self._queue.clear()
