"""How many processors this process may use: what it is bound to, and its share where a container has one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")


def count_processors() -> int:
    """Return the number of processors that this process may keep busy, at least 1."""
    shares = [share for folder in _groups() if (share := _share(folder)) is not None]
    return max(1, min([_bound(), *(int(share) for share in shares)]))


def _bound() -> int:
    """Return how many processors the process may run on."""
    counted = getattr(os, "process_cpu_count", None)  # from Python 3.13 on
    if counted is not None:
        return counted() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _groups() -> Iterator[Path]:
    """Yield the folders of the control groups that the process is in, each with those around it."""
    try:
        lines = _OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "" or "cpu" in controllers.split(","):
            top = _GROUPS / controllers
            inner = top / name.strip("/")
            yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top))


def _share(folder: Path) -> float | None:
    """Return the processors' worth of time that a control group has, None if it has no limit."""
    try:
        if (folder / "cpu.max").is_file():  # version 2
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        else:
            quota, period = (
                (folder / f"cpu.cfs_{what}_us").read_text(encoding="utf-8") for what in ("quota", "period")
            )
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):  # "max" is no number
        return None
