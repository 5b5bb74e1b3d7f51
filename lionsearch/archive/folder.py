"""A run's folder: what has to be in it, and who may write it."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from lionsearch.archive.tables import DATABASE
from lionsearch.errors import RunError

CONFIG = "config.json"


def check_run_folder(folder: Path) -> None:
    """Raise unless the folder is a run folder.

    Raises:
        RunError: naming what is missing.
    """
    try:
        found, is_file = folder.is_dir(), folder.is_file()
    except OSError:  # such as a name longer than the file system allows
        found = is_file = False
    if not found:
        raise RunError(f"{folder}: {'this is a file; expected a run folder' if is_file else 'there is no such folder'}")
    for name in (CONFIG, DATABASE):
        if not (folder / name).is_file():
            raise RunError(f"{folder}: not a run folder; {name} is not in it")


def take_lock(folder: Path) -> FileLock:
    """Return the folder's lock, taken; the operating system frees it when the process ends however it ends."""
    lock = FileLock(folder / "lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(f"{folder}: another process is writing this run") from None
    except OSError as error:
        raise RunError(f"{folder}: its lock cannot be opened: {error.strerror}") from None
    return lock


def read_config(folder: Path) -> str:
    """Return the resolved configuration of a run, JSON.

    Raises:
        RunError: if it cannot be read.
    """
    try:
        return (folder / CONFIG).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{folder}: its {CONFIG} cannot be read: {error}") from None
