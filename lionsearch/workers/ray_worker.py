"""What runs in a Ray actor: what answers requests, in a process of its own."""

from __future__ import annotations

import os
import socket
import sys
import uuid
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ray

from lionsearch.evaluation.device import configure_jax
from lionsearch.workers.pool import Plan

ASIDE = "aside"
"""The group of methods that answer while an evaluation runs."""


def name_machine() -> str:
    """Return a name that no two running machines share."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = str(uuid.getnode())
    return f"{socket.gethostname()} {boot}"


class Worker:
    """One actor.

    Args:
        plan: what the requests are of.
        folder: where the modules of tasks are.
        machine: on which that is the folder, and not the one that was sent; "" for any.
    """

    def __init__(self, plan: Plan[Any, Any], folder: str, machine: str = ""):
        if os.path.isdir(folder) and machine in ("", name_machine()):  # a user's task may live in the working folder
            os.chdir(folder)
            sys.path.insert(0, folder)
        configure_jax()
        self._bench = plan.open()

    def introduce(self) -> tuple[str, str]:
        """Return the node that it is on, and the version of lionsearch there."""
        return ray.get_runtime_context().get_node_id(), version("lionsearch")

    def answer(self, requests: Sequence[Any]) -> list[Any]:
        """Return one result for each request."""
        return self._bench.answer(requests)

    def fingerprint_tasks(self) -> dict[str, str]:
        """Return the fingerprint of each task by name."""
        return self._bench.fingerprint_tasks()

    @ray.method(concurrency_group=ASIDE)
    def current_task(self) -> str:
        """Return the task that is trained on, or was last; "" before the first."""
        return self._bench.current_task
