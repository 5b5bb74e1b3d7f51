"""Where requests are answered. A pool takes requests and gives results back in any order.

What is asked and answered is the plan's: programs to evaluate in a search, or single trainings of a comparison.
`LocalPool` answers in this process and is the reference behaviour; `lionsearch.workers.ray_pool` uses Ray.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from lionsearch.records import Failure

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT")
_AskedT = TypeVar("_AskedT", contravariant=True)


class Bench(Protocol[_AskedT, ResultT]):
    """What answers requests in a process, and has compiled what it needs for them."""

    current_task: str

    def answer(self, requests: Sequence[_AskedT]) -> list[ResultT]:
        """Return one result for each request."""
        ...

    def fingerprint_tasks(self) -> dict[str, str]:
        """Return the fingerprint of each task by name."""
        ...


class Plan(Protocol[_AskedT, ResultT]):
    """What a pool's requests are of; it travels to the workers."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tasks."""
        ...

    @property
    def largest_batch(self) -> int | None:
        """How many requests may travel to a worker at once; None for as many as it takes."""
        ...

    def open(self) -> Bench[_AskedT, ResultT]:
        """Return what answers the requests in a process."""
        ...

    def lose(self, request: _AskedT, failure: Failure, task: str) -> ResultT:
        """Return the result of a request that the system lost on a task; "" if that is not known."""
        ...


class Pool(Protocol[RequestT, ResultT]):
    """The one interface of all pools."""

    def submit(self, request: RequestT) -> None:
        """Queue a request; returns at once."""
        ...

    def collect(self) -> list[tuple[RequestT, ResultT]]:
        """Wait for at least one result and return all there are; a request comes back exactly once.

        Raises:
            LionSearchError: if a task cannot be used.
        """
        ...

    def forget(self, unwanted: Callable[[RequestT], bool]) -> None:
        """Drop requests that are not begun: they do not come back."""
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


class LocalPool(Generic[RequestT, ResultT]):
    """Answers in this process, one request at a time, in order.

    Args:
        plan: what the requests are of.
    """

    def __init__(self, plan: Plan[RequestT, ResultT]):
        self._bench = plan.open()
        self._queue: deque[RequestT] = deque()

    def submit(self, request: RequestT) -> None:
        """Queue a request."""
        self._queue.append(request)

    def collect(self) -> list[tuple[RequestT, ResultT]]:
        """Answer the oldest request."""
        request = self._queue.popleft()
        return [(request, self._bench.answer([request])[0])]

    def forget(self, unwanted: Callable[[RequestT], bool]) -> None:
        """Drop requests."""
        self._queue = deque(request for request in self._queue if not unwanted(request))

    def fingerprint_tasks(self) -> dict[str, str]:
        """Load the tasks."""
        return self._bench.fingerprint_tasks()

    def close(self) -> None:
        """Forget what is queued."""
        self._queue.clear()
