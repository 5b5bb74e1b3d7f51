"""Where evaluations are asked to run -> the pool that they work in. Ray and JAX are loaded only where they are used."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lionsearch.errors import RunError
from lionsearch.evaluation.plan import TIME_LIMIT
from lionsearch.workers.pool import LocalPool, Plan, Pool, RequestT, ResultT
from lionsearch.workers.processors import count_processors


@dataclass(frozen=True, slots=True)
class Placement:
    """Where evaluations run; no part of a run, whose result does not depend on it.

    Attributes:
        workers: on Ray; 0 for this process, None for one per core.
        address: of a Ray cluster; None starts Ray on this machine.
        time_limit: seconds that a program may take on a worker; None for the usual.
        sharing: pools that share the cluster, where `workers` is None: each has its part of the CPUs.
    """

    workers: int | None = None
    address: str | None = None
    time_limit: float | None = None
    sharing: int = 1

    def check(self) -> None:
        """Raise if there is no such place, before anything is loaded.

        Raises:
            RunError: if a cluster is to be joined, or time limited, without workers, or a number is out of range.
        """
        if not (self.workers is None or (isinstance(self.workers, int) and self.workers >= 0)):
            raise RunError(f"workers is {self.workers!r}; expected a number from 0, or None for one per core")
        if not (self.time_limit is None or (isinstance(self.time_limit, int | float) and self.time_limit >= 1)):
            raise RunError(f"time limit is {self.time_limit!r}; expected seconds, 1 or more")
        if self.workers == 0 and self.address is not None:
            raise RunError("--workers 0 runs in this process and joins no cluster; leave out --address")
        if self.workers == 0 and self.time_limit is not None:
            raise RunError("--workers 0 runs in this process, where nothing can end a program; leave out --time-limit")

    def divide(self, count: int) -> list[Placement]:
        """Return the places of so many pools that share this one.

        Raises:
            RunError: if there are fewer workers than pools.
        """
        if count == 1 or self.workers == 0:
            return [self] * count
        if self.workers is None and self.address is not None:
            return [replace(self, sharing=count)] * count
        workers = max(count, count_processors()) if self.workers is None else self.workers
        if workers < count:
            raise RunError(f"{workers} workers cannot be shared by {count} islands; expected {count} or more, or 0")
        return [replace(self, workers=workers // count + (number < workers % count)) for number in range(count)]

    def describe(self) -> str:
        """Return what the search begins with, and what happens to a program that hangs."""
        if self.workers == 0:
            return "loading the tasks (in this process, where a program has no time limit)"
        return f"starting workers and loading the tasks (a program may take {self.time_limit or TIME_LIMIT:g} seconds)"

    def options(self) -> tuple[str, ...]:
        """Return the command line's words for it."""
        given = {"--workers": self.workers, "--address": self.address, "--time-limit": self.time_limit}
        shown = {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in given.items()}
        return tuple(word for name, value in given.items() if value is not None for word in (name, shown[name]))


def open_pool(plan: Plan[RequestT, ResultT], placement: Placement) -> Pool[RequestT, ResultT]:
    """Return a pool.

    Args:
        plan: what the requests are of.
        placement: where.

    Raises:
        RunError: if Ray cannot give what was asked for.
    """
    placement.check()
    if placement.workers == 0:
        from lionsearch.evaluation.device import configure_jax

        configure_jax()
        return LocalPool(plan)
    from lionsearch.workers.ray_pool import RayPool

    return RayPool(plan, placement.workers, placement.address, placement.time_limit or TIME_LIMIT, placement.sharing)
