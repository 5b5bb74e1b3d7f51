"""A run's folder: what has to be in it, who may write it, and what is said where that fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from lionsearch.archive.tables import DATABASE, UNREADABLE, describe_damage
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


def make_run_folder(folder: Path) -> None:
    """Make a folder for a new run.

    Raises:
        RunError: if there is something at its place.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            resumes = f", or run: lionsearch resume {folder}" if (folder / CONFIG).is_file() else ""
            raise RunError(f"{folder}: the folder is not empty; choose another{resumes}")
    except OSError as error:
        raise RunError(f"{folder}: cannot be made a run folder: {error.strerror}") from None


def write_config(folder: Path, config: str) -> None:
    """Write the configuration of a run; with it, the folder is complete.

    Raises:
        RunError: if it cannot be written.
    """
    temporary = folder / f"{CONFIG}.new"
    try:
        temporary.write_text(config)
        temporary.rename(folder / CONFIG)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made a run folder: {error.strerror}") from None


def read_config(folder: Path) -> str:
    """Return the resolved configuration of a run, JSON.

    Raises:
        RunError: if it cannot be read.
    """
    try:
        return (folder / CONFIG).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{folder}: its {CONFIG} cannot be read: {error}") from None


@contextlib.contextmanager
def usable(folder: Path, lock: FileLock | None = None) -> Iterator[None]:
    """Say what is wrong with a database that cannot be used, and free the folder if it was just locked."""
    try:
        yield
    except UNREADABLE as error:
        if lock is not None:
            lock.release()
        raise RunError(_describe_failure(folder, error)) from None


def _describe_failure(folder: Path, error: Exception) -> str:
    """Return what is wrong with a database, and what can be done where that is known."""
    if not (folder / DATABASE).exists():
        return f"{folder}: its database {DATABASE} is not there any more: the folder was renamed or deleted"
    damage = describe_damage(error)
    if "disk is full" in damage:
        return f"{folder}: the disk is full (or its quota); make room there"
    return f"{folder}: its database {DATABASE} cannot be used: {damage}"
