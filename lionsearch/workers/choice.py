"""How many workers were asked for -> the pool that they work in. Ray and JAX are loaded only where they are used."""

from __future__ import annotations

from lionsearch.errors import RunError
from lionsearch.evaluate.plan import EvaluationPlan
from lionsearch.workers.pool import LocalPool, Pool


def check_workers(workers: int | None, address: str | None) -> None:
    """Raise if there is no such pool, before anything is loaded.

    Raises:
        RunError: if a cluster is to be joined without workers.
    """
    if workers == 0 and address is not None:
        raise RunError("--workers 0 runs in this process and joins no cluster; leave out --address")


def open_pool(plan: EvaluationPlan, workers: int | None, address: str | None) -> Pool:
    """Return a pool.

    Args:
        plan: what an evaluation consists of.
        workers: on Ray; 0 for this process, None for one per core.
        address: of a Ray cluster; None starts Ray on this machine.

    Raises:
        RunError: if Ray cannot give what was asked for.
    """
    check_workers(workers, address)
    if workers == 0:
        from lionsearch.evaluate.device import configure_jax

        configure_jax()
        return LocalPool(plan)
    from lionsearch.workers.ray_pool import RayPool

    return RayPool(plan, workers, address)
