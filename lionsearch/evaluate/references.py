"""Tuned AdamW on a task and seed: what scores are measured against, measured on the spot and kept on disk.

The key of a stored reference holds the task's fingerprint, seed, split, and everything about the machine that can
change a float: a reference is never carried from one machine to another.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True, slots=True)
class Reference:
    """What tuned AdamW did on one seed.

    Attributes:
        chance: loss of the untrained network on the whole split.
        loss: final loss on the whole split.
        probe_chance: loss of the untrained network on the probe.
        curve: loss on the probe after each chunk.
    """

    chance: float
    loss: float
    probe_chance: float
    curve: tuple[float, ...]

    def score(self, loss: float) -> float:
        """Return what a final loss is worth: 0 is tuned AdamW's, -1 an untrained network's; -inf for an infinite one.

        Example:
            >>> Reference(chance=2.0, loss=1.0, probe_chance=2.0, curve=()).score(0.75)
            0.25
        """
        return (self.loss - loss) / (self.chance - self.loss)


def cache_folder() -> Path:
    """Return the folder of stored references; `LIONSEARCH_CACHE` overrides it."""
    chosen = os.environ.get("LIONSEARCH_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("lionsearch"))


class ReferenceCache:
    """References on disk, one small JSON file each. A file that cannot be read or written is as good as none.

    Args:
        machine: what results depend on besides the task (`describe_device`).
    """

    def __init__(self, machine: str):
        self._machine = machine

    def load(self, task: str, seed: int, split: str) -> Reference | None:
        """Return the stored reference of a task's fingerprint, seed and split, or None."""
        try:
            content = json.loads(self._path(task, seed, split).read_text(encoding="utf-8"))
            curve = tuple(float(loss) for loss in content.pop("curve"))
            return Reference(**{name: float(value) for name, value in content.items()}, curve=curve)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def store(self, task: str, seed: int, split: str, reference: Reference) -> None:
        """Keep a reference; concurrent writers leave one whole file."""
        path = self._path(task, seed, split)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
                json.dump(asdict(reference), file)
            os.replace(file.name, path)
        except OSError:
            return

    def _path(self, task: str, seed: int, split: str) -> Path:
        key = hashlib.blake2b(f"{self._machine}|{task}|{seed}|{split}".encode(), digest_size=12).hexdigest()
        return cache_folder() / "references" / f"{key}.json"
