"""Which nodes of a Ray cluster are alive, asked every second by a thread: a cluster that is gone is noticed in seconds.

Ray's own calls wait for a head node that is gone, and after a minute end the process without a word.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any

import ray

from lionsearch.errors import RunError

_EVERY = 1.0
_SLOW = 3.0  # seconds without an answer after which the head node's port is tried
_SILENT = 30.0  # and after which it is given up, though the port is open


class ClusterWatch:
    """Knows which nodes are alive.

    Args:
        remote: whether this process is on no node of the cluster, but joined it as `ray://`.
    """

    def __init__(self, *, remote: bool = False):
        self._remote = remote
        self._own = ray.get_runtime_context().get_node_id()
        self._head = "" if remote else ray.get_runtime_context().gcs_address
        self._nodes: list[dict[str, Any]] = ray.nodes()
        self._answered = time.monotonic()
        self._checked = -_EVERY
        self._refusals = 0
        self._stopped = threading.Event()
        self._asking = threading.Lock()
        threading.Thread(target=self._ask, name="lionsearch-cluster-watch", daemon=True).start()

    def check(self) -> None:
        """Look at the cluster, at most every second; return at once if all is well.

        Raises:
            RunError: if the head node, or the node that this process belongs to, is gone.
        """
        now = time.monotonic()
        if now - self._checked < _EVERY:
            return
        self._checked, silent = now, now - self._answered
        if silent > _SILENT:
            raise RunError(f"the Ray cluster's head node has not answered for {silent:.0f} seconds")
        if silent > _SLOW and self._head and not _is_open(self._head):
            raise RunError(f"the Ray cluster's head node at {self._head} is gone")
        if self._remote:
            return
        own = next((node for node in self._nodes if node["NodeID"] == self._own), None)
        if own is None or not own["Alive"]:
            raise RunError("this machine's Ray node is gone")
        self._refusals = 0 if _is_open(f"{own['NodeManagerAddress']}:{own['NodeManagerPort']}") else self._refusals + 1
        if self._refusals > 1:
            raise RunError("this machine's Ray node is gone: nothing listens on its port")

    def count(self, resource: str) -> int:
        """Return how much of a resource the living nodes have."""
        return int(sum(node["Resources"].get(resource, 0) for node in self._nodes if node["Alive"]))

    def is_alive(self, node: str, seconds: float = 3.0) -> bool:
        """Return whether a node is alive, by an answer that is no older than the question if one comes in time."""
        asked = end = time.monotonic()
        end += seconds
        while self._answered < asked + _EVERY / 10 and time.monotonic() < end:
            time.sleep(0.05)
        return any(each["NodeID"] == node and each["Alive"] for each in self._nodes)

    def stop(self) -> None:
        """Ask no more: asked after its end, Ray would start anew."""
        self._stopped.set()
        if self._asking.acquire(timeout=2.0):  # else it waits for a head node that is gone
            self._asking.release()

    def _ask(self) -> None:
        while not self._stopped.wait(_EVERY):
            with self._asking, contextlib.suppress(Exception):  # of many types; that no answer came is what matters
                if not self._stopped.is_set():
                    self._nodes = ray.nodes()
                    self._answered = time.monotonic()


def _is_open(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=2).close()
    except TimeoutError:
        return True  # slow, which the limit of silence is for
    except OSError:
        return False
    return True
