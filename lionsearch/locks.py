"""A file that one process at a time may write."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO


def open_locked(path: Path) -> TextIO:
    """Return the file, open for appending, and locked until it is closed or the process ends however it ends.

    Raises:
        BlockingIOError: if another process has it.
        OSError: if it cannot be opened or locked.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, open_locked(Path(folder) / "lock") as file:
        ...     file.write("mine")
        4
    """
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file
