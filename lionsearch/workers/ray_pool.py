"""Evaluations on Ray actors: this machine's cores, or a cluster by its address. The only import of Ray.

One actor per core with one XLA thread, or per accelerator; programs travel in batches. A worker that dies or exceeds
the time limit is replaced and its programs are tried once more, one by one; then they are recorded as failures of
the system.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError

from lionsearch.errors import LionSearchError, RunError
from lionsearch.evaluate.device import configure_jax
from lionsearch.evaluate.plan import EvaluationPlan
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult
from lionsearch.workers.pool import Request
from lionsearch.workers.processors import count_processors

_LARGEST_BATCH = {"CPU": 8, "GPU": 256}
_LOSSES_PER_WORKER = 6
_BATCHES_AHEAD = 2


class _Worker:
    """One actor: an evaluator in a process of its own."""

    def __init__(self, plan: EvaluationPlan, folder: str):
        if os.path.isdir(folder):  # a user's task may live in the working folder
            os.chdir(folder)
            sys.path.insert(0, folder)
        configure_jax()
        from lionsearch.evaluate.evaluator import Evaluator  # here, because it imports JAX

        self._evaluator = Evaluator(plan)

    def evaluate(self, requests: Sequence[Request]) -> list[Evaluation]:
        """Return one evaluation for each request."""
        evaluations: dict[Request, Evaluation] = {}
        for stage in Stage:
            chosen = [request for request in requests if request.stage is stage]
            programs, hurdles = [request.program for request in chosen], [request.hurdles for request in chosen]
            found = self._evaluator.evaluate_many(programs, stage, hurdles)
            evaluations.update(zip(chosen, found, strict=True))
        return [evaluations[request] for request in requests]

    def fingerprint_tasks(self) -> dict[str, str]:
        """Return the fingerprint of each task by name."""
        return self._evaluator.fingerprint_tasks()


@dataclass
class _Actor:
    handle: Any
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
        workers: actors; None takes one for each CPU that Ray knows of.
        address: of a cluster to join; None starts Ray on this machine.
        timeout: seconds that one program may take, compilation included.

    Attributes:
        actors: the workers that there are; a lost one is replaced.

    Raises:
        RunError: if the cluster cannot be reached, or has fewer CPUs, or GPUs if it has any, than workers.
    """

    def __init__(
        self, plan: EvaluationPlan, workers: int | None = None, address: str | None = None, timeout: float = 300.0
    ):
        self._plan, self._timeout = plan, timeout
        self._queue: deque[tuple[Request, int]] = deque()
        self._done: list[tuple[Request, Evaluation]] = []
        self.actors: list[_Actor] = []
        self._losses = 0
        self._started_ray = not ray.is_initialized()
        processors = count_processors()
        if self._started_ray and address is None and (workers or 1) > processors:
            raise RunError(f"{workers} workers asked for; this process may use {processors} CPUs")
        if self._started_ray:
            _start_ray(workers or processors, address)
        resource = "GPU" if ray.cluster_resources().get("GPU") else "CPU"
        available = max(1, int(ray.cluster_resources().get(resource, 1)))
        if (workers or 1) > available:
            self.close()
            raise RunError(f"{workers} workers asked for; the Ray cluster has {available} {resource}s")
        self._largest_batch = _LARGEST_BATCH[resource]
        self._worker_class = ray.remote(num_cpus=1, num_gpus=int(resource == "GPU"), max_restarts=0)(_Worker)
        self.actors = [self._start_actor() for _ in range(workers or available)]

    def submit(self, request: Request) -> None:
        """Queue a request."""
        self._queue.append((request, 0))

    def collect(self) -> list[tuple[Request, Evaluation]]:
        """Send what is queued, and wait for at least one batch."""
        while not self._done:
            self._dispatch()
            references = [batch.reference for actor in self.actors for batch in actor.batches]
            if not references:
                raise RunError("nothing was submitted to collect")
            ray.wait(references, num_returns=1, timeout=1.0)
            finished = set(ray.wait(references, num_returns=len(references), timeout=0)[0])
            for actor in list(self.actors):
                self._settle(actor, finished)
        results, self._done = self._done, []
        return results

    def fingerprint_tasks(self) -> dict[str, str]:
        """Have the first actor load the tasks; if it is lost, once more with another one.

        Raises:
            RunError: if two are lost, or take longer than a program may for each task.
        """
        for last in (False, True):
            actor = self.actors[0]
            try:
                allowed = self._timeout * len(self._plan.tasks)
                return ray.get(actor.handle.fingerprint_tasks.remote(), timeout=allowed)
            except RayTaskError as error:
                raise _cause(error) from error
            except RayError as error:  # the actor is gone, or late
                if last:
                    raise RunError(f"the tasks cannot be loaded: two workers were lost: {_first_line(error)}") from None
                ray.kill(actor.handle)
                self.actors[0] = self._start_actor()
        raise AssertionError("the second loss is an error")

    def close(self) -> None:
        """Stop the actors, and Ray if this pool started it."""
        for actor in self.actors:
            ray.kill(actor.handle)
        self.actors = []
        if self._started_ray:
            ray.shutdown()

    def _start_actor(self) -> _Actor:
        return _Actor(self._worker_class.remote(self._plan, os.getcwd()))

    def _dispatch(self) -> None:
        """Give every actor up to two batches: one to work on, one to go on with."""
        for ahead in range(_BATCHES_AHEAD):
            for actor in self.actors:
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
                raise _cause(error) from error
            except GetTimeoutError:
                continue
            except RayError as error:  # the actor, its node or its memory is gone
                self._replace(actor, FailureKind.WORKER_LOST, f"the worker died: {_first_line(error)}")
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
                ray.kill(actor.handle)
                self._replace(actor, FailureKind.TIMEOUT, f"no result after {allowed:.0f} seconds")

    def _replace(self, actor: _Actor, kind: FailureKind, detail: str) -> None:
        """Start a new actor, and try the programs of the first batch again; later batches never ran.

        Raises:
            RunError: if workers are lost again and again with no result in between: the fault is not a program's.
        """
        self._losses += 1
        if self._losses > _LOSSES_PER_WORKER * len(self.actors):
            raise RunError(f"{self._losses} workers were lost with no result in between; the last: {detail}")
        for index, batch in enumerate(actor.batches):
            for request in batch.requests:
                attempt = batch.attempt + 1 if index == 0 else batch.attempt
                if attempt > 1:
                    result = TaskResult(self._plan.tasks[0][0].name, failure=Failure(kind, f"{detail}, twice"))
                    self._done.append((request, Evaluation(request.stage, None, (result,))))
                else:
                    self._queue.appendleft((request, attempt))
        self.actors[self.actors.index(actor)] = self._start_actor()


def _start_ray(workers: int, address: str | None) -> None:
    options: dict[str, Any] = {"address": address}
    if address is not None:
        _check_address(address)
    else:
        options = {"address": "local", "num_cpus": workers, "include_dashboard": False}
    logging.getLogger("ray").setLevel(logging.ERROR)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, configure_logging=False, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise RunError(f"no Ray cluster at {address!r}: {_first_line(error)}") from None
    if threading.current_thread() is threading.main_thread():
        for number, handler in handlers.items():  # Ray puts its own in their place
            signal.signal(number, handler)


def _check_address(address: str) -> None:
    """Raise if nothing answers at `host:port`; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not port.isdigit() or "://" in address:
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise RunError(f"no Ray cluster at {address!r}: {error}") from None


def _cause(error: RayTaskError) -> Exception:
    cause = error.cause
    if isinstance(cause, LionSearchError):
        return cause
    return error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
