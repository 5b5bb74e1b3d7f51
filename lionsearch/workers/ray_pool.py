"""Requests answered by Ray actors: this machine's cores, or a cluster by its address.

Programs travel in batches, to actors that have started. A worker that dies or exceeds the time limit is replaced and
its programs are tried once more, one by one; then they are recorded as failures of the system. A worker that went with
its node is no program's fault, and not counted. When the cluster itself is gone, that is an error, and nothing is
recorded.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError

from lionsearch.errors import LionSearchError, RunError
from lionsearch.evaluation.plan import TIME_LIMIT
from lionsearch.records import Failure, FailureKind
from lionsearch.workers.pool import Plan, RequestT, ResultT
from lionsearch.workers.ray_crew import Actor, Batch, Crew, describe_loss
from lionsearch.workers.ray_start import describe_error

_LARGEST_BATCH = {"CPU": 8, "GPU": 256}
_BATCHES_AHEAD = 2


class RayPool(Generic[RequestT, ResultT]):
    """Answers on Ray actors.

    Args:
        plan: what the requests are of.
        workers: actors; None takes one for each CPU that Ray knows of, also of nodes that join later.
        address: of a cluster to join; None starts Ray on this machine.
        timeout: seconds that one program may take, compilation included.
        sharing: pools that share the cluster's CPUs.

    Raises:
        RunError: if the cluster cannot be reached, or has fewer CPUs, or GPUs if it has any, than workers.
    """

    def __init__(
        self,
        plan: Plan[RequestT, ResultT],
        workers: int | None = None,
        address: str | None = None,
        timeout: float = TIME_LIMIT,
        sharing: int = 1,
    ):
        self._plan, self._timeout = plan, timeout
        self._queue: deque[tuple[RequestT, int]] = deque()
        self._done: list[tuple[RequestT, ResultT]] = []
        self._crew = Crew(plan, workers, address, sharing)
        self._largest_batch = plan.largest_batch or _LARGEST_BATCH[self._crew.resource]

    @property
    def actors(self) -> list[Actor]:
        """The workers that there are; a lost one is replaced."""
        return self._crew.actors

    def submit(self, request: RequestT) -> None:
        """Queue a request."""
        self._queue.append((request, 0))

    def collect(self) -> list[tuple[RequestT, ResultT]]:
        """Send what is queued, and wait for at least one batch.

        Raises:
            RunError: if the cluster is gone, or has room for no worker.
        """
        while not self._done:
            if not self._queue and not any(actor.batches for actor in self.actors):
                raise RunError("nothing was submitted to collect")
            try:
                self._advance()
            except ConnectionError as error:  # of a cluster joined as ray://
                raise RunError(f"the connection to the Ray cluster is lost: {describe_error(error)}") from None
        results, self._done = self._done, []
        return results

    def forget(self, unwanted: Callable[[RequestT], bool]) -> None:
        """Drop requests that no worker has."""
        self._queue = deque(each for each in self._queue if not unwanted(each[0]))

    def fingerprint_tasks(self) -> dict[str, str]:
        """Have the first actor that has started load the tasks; if it is lost, once more with another one.

        Raises:
            RunError: if two are lost, or take longer than a program may for each task.
        """
        crew = self._crew
        for last in (False, True):
            actor = crew.first_ready()
            try:
                return crew.get(actor.handle.fingerprint_tasks.remote(), self._timeout * len(self._plan.names))
            except RayTaskError as error:
                raise _cause(error) from error
            except RayError as error:  # the actor is gone, or late
                task = crew.ask_task(actor)
                if last:
                    at = f" at task {task!r}" if task else ""
                    why = f"two workers were lost{at}: {describe_loss(error)}"
                    raise RunError(f"the tasks cannot be loaded: {why}") from None
                crew.dismiss(actor)
        raise AssertionError("the second loss is an error")

    def close(self) -> None:
        """Stop the actors, and Ray if this pool started it."""
        self._crew.close()

    def _advance(self) -> None:
        self._crew.hire()
        self._dispatch()
        finished = self._crew.wait()
        for actor in list(self.actors):
            self._settle(actor, finished)

    def _dispatch(self) -> None:
        """Give every actor that has started up to two batches: one to work on, one to go on with."""
        ready = self._crew.ready
        for ahead in range(_BATCHES_AHEAD):
            for actor in ready:
                if self._queue and len(actor.batches) <= ahead:
                    self._send(actor)

    def _send(self, actor: Actor) -> None:
        attempt = self._queue[0][1]
        share = -(-len(self._queue) // (2 * _BATCHES_AHEAD * len(self.actors)))
        size = 1 if attempt else min(self._largest_batch, share)
        requests = []
        while self._queue and len(requests) < size and self._queue[0][1] == attempt:
            requests.append(self._queue.popleft()[0])
        reference = actor.handle.answer.remote(tuple(requests))
        actor.batches.append(Batch(tuple(requests), reference, attempt, time.monotonic()))

    def _settle(self, actor: Actor, finished: set[Any]) -> None:
        """Take in an actor's finished batches; replace the actor if it is dead or late."""
        for batch in list(actor.batches):
            if batch.reference not in finished:
                continue
            try:
                results = ray.get(batch.reference, timeout=60)
            except RayTaskError as error:
                if isinstance(error.cause, OSError) and not batch.attempt:  # as where its node is on its way out
                    self._replace(actor, FailureKind.WORKER_LOST, f"the worker failed: {describe_error(error.cause)}")
                    return
                raise _cause(error) from error
            except GetTimeoutError:
                continue
            except RayError as error:  # the actor, its node or its memory is gone
                self._replace(actor, FailureKind.WORKER_LOST, f"the worker died: {describe_loss(error)}")
                return
            self._crew.note_result()
            actor.batches.remove(batch)
            if actor.batches:
                actor.batches[0].started = time.monotonic()
            self._done.extend(zip(batch.requests, results, strict=True))
        if actor.batches:
            oldest = actor.batches[0]
            allowed = self._timeout * len(oldest.requests)
            if time.monotonic() - oldest.started > allowed:
                self._crew.check()
                self._replace(actor, FailureKind.TIMEOUT, f"no result after {allowed:.0f} seconds")

    def _replace(self, actor: Actor, kind: FailureKind, detail: str) -> None:
        """Give up an actor, and try the programs of its first batch again; later batches never ran.

        Raises:
            RunError: if workers are lost again and again with no result in between: the fault is not a program's.
        """
        blamed = self._crew.count_loss(actor, detail)
        task = self._crew.ask_task(actor) if kind is FailureKind.TIMEOUT else ""
        for index, batch in enumerate(actor.batches):
            for request in batch.requests:
                attempt = batch.attempt + blamed if index == 0 else batch.attempt
                if attempt > 1:
                    self._done.append((request, self._plan.lose(request, Failure(kind, f"{detail}, twice"), task)))
                else:
                    self._queue.appendleft((request, attempt))
        self._crew.dismiss(actor)
        self._crew.hire()


def _cause(error: RayTaskError) -> Exception:
    cause = error.cause
    if isinstance(cause, LionSearchError):
        return cause
    if isinstance(cause, OSError):
        return RunError(f"a worker cannot go on: {describe_error(cause)}")
    return error
