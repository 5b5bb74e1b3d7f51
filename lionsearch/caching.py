"""The folder of what is kept between calls, and files in it that are whole or not there."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder of what is kept between calls; `LIONSEARCH_CACHE` overrides it."""
    chosen = os.environ.get("LIONSEARCH_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("lionsearch"))


def read_whole_lines(path: Path) -> bytes:
    """Return a file but for a last line without its end, which was cut off while it was written; none is empty.

    Raises:
        OSError: if it cannot be read.
    """
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and then put it there; nothing is left of one that could not be written.

    Raises:
        OSError: if it could not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)  # a temporary file is its owner's alone
            os.replace(file.name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(file.name)
            raise
