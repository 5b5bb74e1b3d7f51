"""Tuned AdamW on a task and seed: what scores are measured against, measured on the spot and kept on disk.

The key of a stored reference holds the task's fingerprint, seed, split, and everything about the machine that can
change a float: a reference is never carried from one machine to another.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lionsearch.caching import cache_folder, write_whole


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

        Examples:
            >>> Reference(chance=2.0, loss=1.0, probe_chance=2.0, curve=()).score(0.75)
            0.25
        """
        return (self.loss - loss) / (self.chance - self.loss)


class ReferenceCache:
    """References on disk, one small JSON file each, with a digest of its content and of what it is a reference of.

    A file that is not as it was written is thrown away; one that cannot be read or written is as good as none.

    Args:
        machine: what results depend on besides the task (`describe_device`).
    """

    def __init__(self, machine: str):
        self._machine = machine

    def load(self, task: str, seed: int, split: str, chunks: int) -> Reference | None:
        """Return the reference of a task's fingerprint, seed and split, with so many chunks in its curve, or None."""
        path = self._path(task, seed, split)
        try:
            text = path.read_bytes()
        except OSError:
            return None
        found = _read(text, path.stem)
        if found is None or len(found.curve) != chunks:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return found

    def store(self, task: str, seed: int, split: str, reference: Reference) -> None:
        """Keep a reference; concurrent writers, a full disk and a power cut leave one whole file or none."""
        path = self._path(task, seed, split)
        content = asdict(reference)
        text = json.dumps({**content, "digest": _digest(content, path.stem)})
        with contextlib.suppress(OSError):
            write_whole(path, text.encode())

    def _path(self, task: str, seed: int, split: str) -> Path:
        key = hashlib.blake2b(f"{self._machine}|{task}|{seed}|{split}".encode(), digest_size=12).hexdigest()
        return cache_folder() / "references" / f"{key}.json"


def _read(text: bytes, key: str) -> Reference | None:
    """Return the reference that a file's text is, or None if it is none or another one's."""
    try:
        content = json.loads(text)
        digest = content.pop("digest")
        reference = Reference(**{**content, "curve": tuple(content["curve"])})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    numbers = (reference.chance, reference.loss, reference.probe_chance, *reference.curve)
    sound = all(isinstance(number, float) and math.isfinite(number) for number in numbers)
    return (
        reference if sound and reference.loss < reference.chance and digest == _digest(asdict(reference), key) else None
    )


def _digest(content: dict[str, Any], key: str) -> str:
    """Return the digest of a reference's content under the key of its file."""
    return hashlib.blake2b(json.dumps([key, content], sort_keys=True).encode(), digest_size=8).hexdigest()
