"""Where evaluations are asked to run -> the pool that they work in. Ray and JAX are loaded only where they are used."""

from __future__ import annotations

from dataclasses import dataclass

from lionsearch.errors import RunError
from lionsearch.evaluation.plan import TIME_LIMIT, EvaluationPlan
from lionsearch.workers.pool import LocalPool, Pool


@dataclass(frozen=True, slots=True)
class Placement:
    """Where evaluations run; no part of a run, whose result does not depend on it.

    Attributes:
        workers: on Ray; 0 for this process, None for one per core.
        address: of a Ray cluster; None starts Ray on this machine.
        time_limit: seconds that a program may take on a worker; None for the usual.
    """

    workers: int | None = None
    address: str | None = None
    time_limit: float | None = None

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


def open_pool(plan: EvaluationPlan, placement: Placement) -> Pool:
    """Return a pool.

    Args:
        plan: what an evaluation consists of.
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

    return RayPool(plan, placement.workers, placement.address, placement.time_limit or TIME_LIMIT)
