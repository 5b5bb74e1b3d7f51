"""The Ray actors that evaluate: hired, welcomed when they have started, dismissed, and counted when they are lost.

One actor per core with one XLA thread, or per accelerator. Nodes that join are used. When the cluster itself is gone,
or has room for no worker, that is an error.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RuntimeEnvSetupError

from lionsearch.errors import RunError, TaskError, one_line
from lionsearch.workers.pool import Plan
from lionsearch.workers.processors import count_processors
from lionsearch.workers.ray_start import describe_error, ships_folder, start_ray
from lionsearch.workers.ray_watch import ClusterWatch
from lionsearch.workers.ray_worker import ASIDE, Worker, name_machine

_LOSSES_PER_WORKER = 6
_PATIENCE = {True: 600.0, False: 60.0}  # seconds without a worker, where nodes with room for one are left and not
_TELLING = 2.0  # seconds in which a late worker may say what it is at


@dataclass
class Batch:
    """Requests that an actor was given.

    Attributes:
        requests: in order.
        reference: of the results.
        attempt: how often they were tried before.
        started: when the actor began with them, as far as is known.
    """

    requests: tuple[Any, ...]
    reference: Any
    attempt: int
    started: float


@dataclass
class Actor:
    """A worker.

    Attributes:
        handle: Ray's.
        starting: the reference of what it says of itself when it has started.
        node: that it is on; "" until it has started.
        batches: that it was given and has not given back.
    """

    handle: Any
    starting: Any
    node: str = ""
    batches: list[Batch] = field(default_factory=list)


class Crew:
    """The actors of a pool.

    Args:
        plan: what the requests are of.
        workers: actors; None takes one for each CPU that Ray knows of, also of nodes that join later.
        address: of a cluster to join; None starts Ray on this machine.
        sharing: pools that share the cluster's CPUs, where no number of workers is given.

    Attributes:
        actors: that there are, started or not.
        resource: `CPU`, or `GPU` if the cluster has any: what there is one actor for each of.

    Raises:
        RunError: if the cluster cannot be reached, or has fewer CPUs, or GPUs if it has any, than workers.
    """

    def __init__(self, plan: Plan[Any, Any], workers: int | None, address: str | None, sharing: int = 1):
        self._plan, self._workers, self._sharing = plan, workers, sharing
        self.actors: list[Actor] = []
        self._losses = 0
        self._started_ray = not ray.is_initialized()
        processors = count_processors()
        if self._started_ray and address is None and (workers or 1) > processors:
            raise RunError(f"{workers} workers asked for; this process may use {processors} CPUs")
        if self._started_ray:
            start_ray(workers or processors, address)
        self._watch = ClusterWatch(remote=(address or "").startswith("ray://"))
        try:
            self._begin(workers, address)
        except BaseException:
            self.close()
            raise

    def _begin(self, workers: int | None, address: str | None) -> None:
        self.resource = "GPU" if self._watch.count("GPU") else "CPU"
        available = max(1, self._watch.count(self.resource))
        if self._sharing > available:
            raise RunError(
                f"{self._sharing} islands need a worker each; the Ray cluster has {available} {self.resource}s"
            )
        if (workers or 1) > available:
            raise RunError(f"{workers} workers asked for; the Ray cluster has {available} {self.resource}s")
        room = {"num_cpus": 1, "num_gpus": int(self.resource == "GPU")}
        options: dict[str, Any] = {**room, "max_restarts": 0, "concurrency_groups": {ASIDE: 1}}
        self._worker_class: Any = ray.remote(**options)(Worker)
        self._machine = name_machine() if address is not None and ships_folder() else ""
        self._last_ready = time.monotonic()
        try:
            self._shared_plan = ray.put(self._plan)  # once: it may hold the data of tasks
        except TypeError as error:
            said = one_line(str(error))[:300]
            raise TaskError(f"the tasks cannot be sent to the workers, only workers=0 will do: {said}") from None
        self.hire()

    @property
    def ready(self) -> list[Actor]:
        """The actors that have started."""
        return [actor for actor in self.actors if actor.node]

    def first_ready(self) -> Actor:
        """Wait for an actor that has started.

        Raises:
            RunError: as `wait`.
        """
        while True:
            self.hire()
            self.wait()
            if self.ready:
                return self.ready[0]

    def hire(self) -> None:
        """Have as many actors as were asked for, or as there are CPUs now; those that have not started may go."""
        wanted = self._workers or max(1, self._watch.count(self.resource) // self._sharing)
        for actor in [each for each in self.actors if not each.node][: max(0, len(self.actors) - wanted)]:
            self.dismiss(actor)
        while len(self.actors) < wanted:
            handle = self._worker_class.remote(self._shared_plan, os.getcwd(), self._machine)
            self.actors.append(Actor(handle, handle.introduce.remote()))

    def dismiss(self, actor: Actor) -> None:
        """End an actor, whatever it is at."""
        ray.kill(actor.handle)
        self.actors.remove(actor)

    def wait(self) -> set[Any]:
        """Return the references of what has finished, after a second at most.

        Raises:
            RunError: if the cluster is gone or has room for no worker, or no worker can start.
        """
        references = [batch.reference for actor in self.actors for batch in actor.batches]
        references += [actor.starting for actor in self.actors if not actor.node]
        if references:
            ray.wait(references, num_returns=1, timeout=1.0)
        finished = set(ray.wait(references, num_returns=len(references), timeout=0)[0]) if references else set()
        for actor in list(self.actors):
            if not actor.node and actor.starting in finished:
                self._welcome(actor)
        self._check()
        return finished

    def get(self, reference: Any, seconds: float) -> Any:
        """Return a result, unless the cluster goes meanwhile.

        Raises:
            GetTimeoutError: if it takes longer.
            RunError: if the cluster is gone.
        """
        end = time.monotonic() + seconds
        while not ray.wait([reference], timeout=max(0.0, min(1.0, end - time.monotonic())))[0]:
            self._watch.check()
            if time.monotonic() > end:
                raise GetTimeoutError(f"no result after {seconds:.0f} seconds")
        return ray.get(reference, timeout=60)

    def check(self) -> None:
        """Raise if the cluster is gone."""
        self._watch.check()

    def count_loss(self, actor: Actor, detail: str) -> bool:
        """Return whether the loss of an actor may be its programs' fault: it is not where its node went.

        Args:
            actor: that is lost.
            detail: how.

        Raises:
            RunError: if the cluster is gone; if workers are lost again and again with no result in between: then the
                fault is not a program's.
        """
        blamed = not actor.node or self._watch.is_alive(actor.node)
        self._losses += blamed
        self._watch.check()
        if self._losses > _LOSSES_PER_WORKER * len(self.actors):
            names = ", ".join(map(repr, self._plan.names))
            raise RunError(f"{self._losses} workers were lost on {names} with no result in between; the last: {detail}")
        return blamed

    def note_result(self) -> None:
        """Forget the losses: there was a result."""
        self._losses = 0

    def ask_task(self, actor: Actor) -> str:
        """Return the task that a late actor is at, or "" if it cannot say."""
        try:
            return ray.get(actor.handle.current_task.remote(), timeout=_TELLING)
        except RayError:
            return ""

    def close(self) -> None:
        """Stop the actors, and Ray if this started it."""
        self._watch.stop()
        for actor in self.actors:
            with contextlib.suppress(RayError, ConnectionError):
                ray.kill(actor.handle)
        self.actors = []
        if self._started_ray:
            ray.shutdown()

    def _welcome(self, actor: Actor) -> None:
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
            said = f"the worker did not start: {describe_loss(error)}"
            if "creation task" in str(error):
                raise RunError(f"{said}; every node needs lionsearch {ours}, and what its tasks import") from None
            self.count_loss(actor, said)
            self.dismiss(actor)
            self.hire()

    def _check(self) -> None:
        self._watch.check()
        now = time.monotonic()
        if self.ready:
            self._last_ready = now
        room = self._watch.count(self.resource)
        if now - self._last_ready > _PATIENCE[room > 0]:
            left = f"{room} {self.resource}s, all in use" if room else f"no {self.resource}"
            raise RunError(
                f"no worker could start for {now - self._last_ready:.0f} seconds: the Ray cluster has {left}"
            )


def describe_loss(error: BaseException) -> str:
    """Return what Ray says of a loss: its last line where the worker's own code failed, else its first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[-1] if "creation task" in lines[0] else lines[0]
