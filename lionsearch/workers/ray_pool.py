"""Evaluations on Ray actors: this machine's cores, or a cluster by its address.

One actor per core with one XLA thread, or per accelerator; programs travel in batches, to actors that have started. A
worker that dies or exceeds the time limit is replaced and its programs are tried once more, one by one; then they are
recorded as failures of the system. A worker that went with its node is no program's fault, and not counted. Nodes that
join are used. When the cluster itself is gone, that is an error, and nothing is recorded.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError, RuntimeEnvSetupError

from lionsearch.errors import LionSearchError, RunError
from lionsearch.evaluation.plan import TIME_LIMIT, EvaluationPlan
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult
from lionsearch.workers.pool import Request
from lionsearch.workers.processors import count_processors
from lionsearch.workers.ray_start import describe_error, ships_folder, start_ray
from lionsearch.workers.ray_watch import ClusterWatch
from lionsearch.workers.ray_worker import ASIDE, Worker, name_machine

_LARGEST_BATCH = {"CPU": 8, "GPU": 256}
_LOSSES_PER_WORKER = 6
_BATCHES_AHEAD = 2
_PATIENCE = {True: 600.0, False: 60.0}  # seconds without a worker, where nodes with room for one are left and not
_TELLING = 2.0  # seconds in which a late worker may say what it is at


@dataclass
class _Actor:
    """A worker; on no node until it has started."""

    handle: Any
    starting: Any
    node: str = ""
    batches: list[_Batch] = field(default_factory=list)


@dataclass
class _Batch:
    requests: tuple[Request, ...]
    reference: Any
    attempt: int
    started: float


class RayPool:
    """Evaluates on Ray actors.

    Args:
        plan: what an evaluation consists of.
        workers: actors; None takes one for each CPU that Ray knows of, also of nodes that join later.
        address: of a cluster to join; None starts Ray on this machine.
        timeout: seconds that one program may take, compilation included.

    Attributes:
        actors: the workers that there are; a lost one is replaced.

    Raises:
        RunError: if the cluster cannot be reached, or has fewer CPUs, or GPUs if it has any, than workers.
    """

    def __init__(
        self,
        plan: EvaluationPlan,
        workers: int | None = None,
        address: str | None = None,
        timeout: float = TIME_LIMIT,
    ):
        self._plan, self._timeout, self._workers = plan, timeout, workers
        self._queue: deque[tuple[Request, int]] = deque()
        self._done: list[tuple[Request, Evaluation]] = []
        self.actors: list[_Actor] = []
        self._losses = 0
        self._started_ray = not ray.is_initialized()
        processors = count_processors()
        if self._started_ray and address is None and (workers or 1) > processors:
            raise RunError(f"{workers} workers asked for; this process may use {processors} CPUs")
        if self._started_ray:
            start_ray(workers or processors, address)
        self._watch = ClusterWatch(remote=(address or "").startswith("ray://"))
        self._resource = "GPU" if self._watch.count("GPU") else "CPU"
        available = max(1, self._watch.count(self._resource))
        if (workers or 1) > available:
            self.close()
            raise RunError(f"{workers} workers asked for; the Ray cluster has {available} {self._resource}s")
        self._largest_batch = _LARGEST_BATCH[self._resource]
        room = {"num_cpus": 1, "num_gpus": int(self._resource == "GPU")}
        options: dict[str, Any] = {**room, "max_restarts": 0, "concurrency_groups": {ASIDE: 1}}
        self._worker_class: Any = ray.remote(**options)(Worker)
        self._machine = name_machine() if address is not None and ships_folder() else ""
        self._last_ready = time.monotonic()
        self._hire()

    def submit(self, request: Request) -> None:
        """Queue a request."""
        self._queue.append((request, 0))

    def collect(self) -> list[tuple[Request, Evaluation]]:
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

    def fingerprint_tasks(self) -> dict[str, str]:
        """Have the first actor that has started load the tasks; if it is lost, once more with another one.

        Raises:
            RunError: if two are lost, or take longer than a program may for each task.
        """
        for last in (False, True):
            actor = self._first_ready()
            try:
                return self._get(actor.handle.fingerprint_tasks.remote(), self._timeout * len(self._plan.tasks))
            except RayTaskError as error:
                raise _cause(error) from error
            except RayError as error:  # the actor is gone, or late
                task = self._ask_task(actor)
                if last:
                    at = f" at task {task!r}" if task else ""
                    why = f"two workers were lost{at}: {_say(error)}"
                    raise RunError(f"the tasks cannot be loaded: {why}") from None
                self._dismiss(actor)
        raise AssertionError("the second loss is an error")

    def close(self) -> None:
        """Stop the actors, and Ray if this pool started it."""
        self._watch.stop()
        for actor in self.actors:
            with contextlib.suppress(RayError, ConnectionError):
                ray.kill(actor.handle)
        self.actors = []
        if self._started_ray:
            ray.shutdown()

    def _advance(self) -> None:
        self._hire()
        self._dispatch()
        finished = self._wait()
        for actor in list(self.actors):
            self._settle(actor, finished)

    def _hire(self) -> None:
        """Have as many actors as were asked for, or as there are CPUs now; those that have not started may go."""
        wanted = self._workers or max(1, self._watch.count(self._resource))
        for actor in [each for each in self.actors if not each.node][: max(0, len(self.actors) - wanted)]:
            self._dismiss(actor)
        while len(self.actors) < wanted:
            handle = self._worker_class.remote(self._plan, os.getcwd(), self._machine)
            self.actors.append(_Actor(handle, handle.introduce.remote()))

    def _dismiss(self, actor: _Actor) -> None:
        ray.kill(actor.handle)
        self.actors.remove(actor)

    def _wait(self) -> set[Any]:
        """Return what has finished, after a second at most."""
        references = [batch.reference for actor in self.actors for batch in actor.batches]
        references += [actor.starting for actor in self.actors if not actor.node]
        if references:
            ray.wait(references, num_returns=1, timeout=1.0)
        finished = set(ray.wait(references, num_returns=len(references), timeout=0)[0]) if references else set()
        for actor in list(self.actors):
            if not actor.node and actor.starting in finished:
                self._welcome(actor)
        self._check_cluster()
        return finished

    def _welcome(self, actor: _Actor) -> None:
        """Note on which node an actor has started, or that it has not.

        Raises:
            RunError: if none can start: its node has no lionsearch, or another one.
        """
        ours = version("lionsearch")
        try:
            node, theirs = ray.get(actor.starting, timeout=60)
            if theirs != ours:
                raise RunError(f"a node of the Ray cluster has lionsearch {theirs}; this is {ours}")
            actor.node = node
        except RuntimeEnvSetupError as error:
            raise RunError(f"the working folder cannot be given to the workers: {describe_error(error)}") from None
        except GetTimeoutError:
            return
        except RayError as error:
            said = f"the worker did not start: {_say(error)}"
            if "creation task" in str(error):
                raise RunError(f"{said}; every node needs lionsearch {ours}, and what its tasks import") from None
            self._replace(actor, FailureKind.WORKER_LOST, said)

    def _check_cluster(self) -> None:
        self._watch.check()
        now = time.monotonic()
        if any(actor.node for actor in self.actors):
            self._last_ready = now
        room = self._watch.count(self._resource)
        if now - self._last_ready > _PATIENCE[room > 0]:
            left = f"{room} {self._resource}s, all in use" if room else f"no {self._resource}"
            raise RunError(
                f"no worker could start for {now - self._last_ready:.0f} seconds: the Ray cluster has {left}"
            )

    def _first_ready(self) -> _Actor:
        while True:
            self._hire()
            self._wait()
            for actor in self.actors:
                if actor.node:
                    return actor

    def _get(self, reference: Any, seconds: float) -> Any:
        """Return a result, unless the cluster goes meanwhile."""
        end = time.monotonic() + seconds
        while not ray.wait([reference], timeout=max(0.0, min(1.0, end - time.monotonic())))[0]:
            self._watch.check()
            if time.monotonic() > end:
                raise GetTimeoutError(f"no result after {seconds:.0f} seconds")
        return ray.get(reference, timeout=60)

    def _dispatch(self) -> None:
        """Give every actor that has started up to two batches: one to work on, one to go on with."""
        ready = [actor for actor in self.actors if actor.node]
        for ahead in range(_BATCHES_AHEAD):
            for actor in ready:
                if self._queue and len(actor.batches) <= ahead:
                    self._send(actor)

    def _send(self, actor: _Actor) -> None:
        attempt = self._queue[0][1]
        share = -(-len(self._queue) // (2 * _BATCHES_AHEAD * len(self.actors)))
        size = 1 if attempt else min(self._largest_batch, share)
        requests = []
        while self._queue and len(requests) < size and self._queue[0][1] == attempt:
            requests.append(self._queue.popleft()[0])
        reference = actor.handle.evaluate.remote(tuple(requests))
        actor.batches.append(_Batch(tuple(requests), reference, attempt, time.monotonic()))

    def _settle(self, actor: _Actor, finished: set[Any]) -> None:
        """Take in an actor's finished batches; replace the actor if it is dead or late."""
        for batch in list(actor.batches):
            if batch.reference not in finished:
                continue
            try:
                evaluations = ray.get(batch.reference, timeout=60)
            except RayTaskError as error:
                if isinstance(error.cause, OSError) and not batch.attempt:  # as where its node is on its way out
                    self._replace(actor, FailureKind.WORKER_LOST, f"the worker failed: {describe_error(error.cause)}")
                    return
                raise _cause(error) from error
            except GetTimeoutError:
                continue
            except RayError as error:  # the actor, its node or its memory is gone
                self._replace(actor, FailureKind.WORKER_LOST, f"the worker died: {_say(error)}")
                return
            self._losses = 0
            actor.batches.remove(batch)
            if actor.batches:
                actor.batches[0].started = time.monotonic()
            self._done.extend(zip(batch.requests, evaluations, strict=True))
        if actor.batches:
            oldest = actor.batches[0]
            allowed = self._timeout * len(oldest.requests)
            if time.monotonic() - oldest.started > allowed:
                self._watch.check()
                self._replace(actor, FailureKind.TIMEOUT, f"no result after {allowed:.0f} seconds")

    def _replace(self, actor: _Actor, kind: FailureKind, detail: str) -> None:
        """Give up an actor, and try the programs of its first batch again; later batches never ran.

        Raises:
            RunError: if workers are lost again and again with no result in between: the fault is not a program's.
        """
        blamed = 0
        if not actor.node or self._watch.is_alive(actor.node):
            self._losses += 1
            blamed = 1
        self._watch.check()
        if self._losses > _LOSSES_PER_WORKER * len(self.actors):
            names = ", ".join(repr(spec.name) for spec, _ in self._plan.tasks)
            raise RunError(f"{self._losses} workers were lost on {names} with no result in between; the last: {detail}")
        task = self._ask_task(actor) if kind is FailureKind.TIMEOUT else ""
        for index, batch in enumerate(actor.batches):
            for request in batch.requests:
                attempt = batch.attempt + blamed if index == 0 else batch.attempt
                if attempt > 1:
                    self._done.append((request, self._lose(request, Failure(kind, f"{detail}, twice"), task)))
                else:
                    self._queue.appendleft((request, attempt))
        self._dismiss(actor)
        self._hire()

    def _ask_task(self, actor: _Actor) -> str:
        """Return the task that a late worker is at, or "" if it cannot say."""
        try:
            return ray.get(actor.handle.current_task.remote(), timeout=_TELLING)
        except RayError:
            return ""

    def _lose(self, request: Request, failure: Failure, task: str) -> Evaluation:
        """Return the evaluation of a program that was lost; a report is of all tasks."""
        names = [spec.name for spec, _ in self._plan.tasks]
        lost = task if task in names else names[0]
        rest = Failure(failure.kind, f"not measured: lost on {lost}" if task else f"not measured: {failure.detail}")
        results = [TaskResult(name, failure=failure if name == lost else rest) for name in names]
        if request.stage is not Stage.REPORT:
            results = [result for result in results if result.task == lost]
        return Evaluation(request.stage, None, tuple(results))


def _cause(error: RayTaskError) -> Exception:
    cause = error.cause
    if isinstance(cause, LionSearchError):
        return cause
    if isinstance(cause, OSError):
        return RunError(f"a worker cannot go on: {describe_error(cause)}")
    return error


def _say(error: BaseException) -> str:
    """Return what Ray says of a loss: its last line where the worker's own code failed, else its first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[-1] if "creation task" in lines[0] else lines[0]
