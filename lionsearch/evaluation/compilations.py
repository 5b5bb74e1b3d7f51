"""What XLA compiles, kept for the next process by JAX's own cache; set in the environment before JAX is imported.

Only a cache with a limit is locked by JAX, and each write reads a file for each entry, so the limit is small.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from importlib.metadata import version
from pathlib import Path

from lionsearch.caching import cache_folder

_SILENT = (0, 10, 2)
"""The first jaxlib that does not print, for each entry that it reads, that the processor may be the wrong one."""

_MOST = 2**28
"""Bytes that are kept."""

_SETTLED = 60.0
"""Seconds after which an entry without its second file is one whose writer was killed."""


def keep_compilations(processor: str) -> None:
    """Let JAX keep what it compiles, unless the environment names a place of its own, or nothing can be written.

    Args:
        processor: a digest of it; those that differ keep theirs apart, as machines may share a home.
    """
    threads = os.environ.get("NPROC", "")  # which changes the code that XLA makes, and is not in JAX's key
    folder = (cache_folder() / "compilations" / f"{processor}-{threads}").absolute()
    if os.environ.get("JAX_COMPILATION_CACHE_DIR", str(folder)) != str(folder) or _jaxlib() < _SILENT:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _tidy(folder)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
        os.environ.setdefault("JAX_COMPILATION_CACHE_MAX_SIZE", str(_MOST))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def _jaxlib() -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version("jaxlib"))[:3])


def _tidy(folder: Path) -> None:
    """Remove entries whose writer was killed: JAX would neither replace them nor write any other."""
    for path in folder.glob("*-cache"):
        with contextlib.suppress(OSError):  # another process tidies too
            is_whole = path.with_name(f"{path.name.removesuffix('-cache')}-atime").exists()
            if not is_whole and time.time() - path.stat().st_mtime > _SETTLED:
                path.unlink()
