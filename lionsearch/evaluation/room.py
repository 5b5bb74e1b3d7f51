"""A task -> its problem, unless training on it cannot be: its network has to fit into this machine's memory."""

from __future__ import annotations

import os
from pathlib import Path

import jax

from lionsearch.errors import TaskError
from lionsearch.tasks.calling import calling_task
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.spec import TaskSpec, load_problem
from lionsearch.tasks.validation import count_parameters, validate_batch

_COPIES = 4
"""Of the weights that there are at least: themselves, their gradient, and AdamW's two averages."""

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def load_trainable(spec: TaskSpec) -> Problem:
    """Return a task's problem.

    Raises:
        TaskError: if the task cannot be used, its network does not fit, or its loss fails on a batch.
    """
    problem: Problem = load_problem(spec)
    with calling_task(spec.name):
        check_room(problem, f"task {spec.name!r}")
        validate_batch(problem, spec.batch, spec.name)
    return problem


def check_room(problem: Problem, name: str) -> None:
    """Raise, before anything is allocated, if training cannot fit; nothing is said of an accelerator's memory.

    Raises:
        TaskError: naming the network's size, what it takes and what there is.
    """
    parameters, memory = count_parameters(problem), count_memory()
    needed = parameters * 4 * _COPIES
    if memory is not None and needed > memory and jax.default_backend() == "cpu":
        raise TaskError(
            f"{name}: a network of {parameters:_} parameters takes at least {needed / 1e9:.0f} GB to train"
            f" ({_COPIES} float32 for each); this machine has {memory / 1e9:.0f} GB"
        )


def count_memory() -> int | None:
    """Return the bytes of memory that this process may have at most, None if nothing says."""
    found = []
    if hasattr(os, "sysconf"):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _LIMITS:
        try:
            found.append(int(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):  # "max" is no number
            continue
    return min((size for size in found if size > 0), default=None)
