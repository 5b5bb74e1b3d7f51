"""A run's folder: what has to be in it, who may write it, and what is said where that fails."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from lionsearch.archive.tables import DATABASE, UNREADABLE, describe_damage
from lionsearch.errors import FolderTakenError, RunError, one_line
from lionsearch.limits import CONFIG_BYTES

CONFIG = "config.json"
BEST, SHORT, ENDING = "best.py", "short.py", "ending.json"
"""What a run writes besides: the best program, what simplification made of it, and how it ended."""

REPORT, COMPARISON = "report.html", "comparison"
"""What later commands write into it: the page, and the best beside others that are tuned as it is."""
ISLAND = "island_{}"
"""The run folders in that of a search on several islands, by their numbers."""

_BEFORE_CONFIG = ("lock", DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal", f"{CONFIG}.new")


def list_islands(folder: Path) -> list[Path]:
    """Return the run folders of a search on islands, in order; of anything else, the folder itself."""
    try:
        found = [] if (folder / CONFIG).is_file() else list(folder.glob(f"{ISLAND.format('*')}/{CONFIG}"))
    except (OSError, ValueError):  # such as a name longer than the file system allows
        found = []
    numbers = sorted(int(digits) for path in found if (digits := path.parent.name.rpartition("_")[2]).isdecimal())
    return [folder / ISLAND.format(number) for number in numbers] or [folder]


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
        wrong = "this is a file; expected a run folder" if is_file else "there is no such folder"
        raise RunError(f"{one_line(str(folder), 1000)}: {wrong}")
    for name in (CONFIG, DATABASE):
        if not (folder / name).is_file():
            raise RunError(f"{folder}: not a run folder; {name} is not in it")


def take_lock(folder: Path) -> FileLock:
    """Return the folder's lock, taken; the operating system frees it when the process ends however it ends."""
    lock = FileLock(folder / "lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise FolderTakenError(f"{folder}: another process is writing this run") from None
    except OSError as error:
        raise RunError(f"{folder}: its lock cannot be opened: {error.strerror}") from None
    return lock


def is_written(folder: Path) -> bool:
    """Return whether a process is writing the run; who asks holds up nobody for longer than it takes to ask."""
    try:
        lock = os.open(folder / "lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # which `FileLock` holds alone
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def make_run_folder(folder: Path) -> None:
    """Make a folder for a new run; what one left that died before its configuration was written is no obstacle.

    Raises:
        FolderTakenError: if there is something else at its place.
        RunError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(path.name not in _BEFORE_CONFIG for path in folder.iterdir()) or holds_candidates(folder):
            raise FolderTakenError(f"{folder}: the folder is not empty; choose another")
    except OSError as error:
        raise RunError(f"{folder}: cannot be made a run folder: {error.strerror}") from None


def holds_candidates(folder: Path) -> bool:
    """Return whether there is a database in the folder with anything in it, or one that cannot be read."""
    path = folder / DATABASE
    if not path.is_file() or not path.stat().st_size:
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return bool(database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]) and bool(
                database.execute("SELECT count(*) FROM candidates").fetchone()[0]
            )
    except sqlite3.Error:
        return True


def write_config(folder: Path, config: str) -> None:
    """Write the configuration of a run; with it, the folder is complete.

    Raises:
        RunError: if it cannot be written, or could not be read again.
    """
    if (size := len(config.encode())) > CONFIG_BYTES:
        raise RunError(f"{folder}: its {CONFIG} would have {size} bytes; at most {CONFIG_BYTES} are read")
    temporary = folder / f"{CONFIG}.new"
    try:
        temporary.write_text(config, encoding="utf-8")
        temporary.rename(folder / CONFIG)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made a run folder: {error.strerror}") from None


def read_config(folder: Path) -> str:
    """Return the resolved configuration of a run, JSON.

    Raises:
        RunError: if it cannot be read.
    """
    try:
        if (size := (folder / CONFIG).stat().st_size) > CONFIG_BYTES:
            raise RunError(f"{folder}: its {CONFIG} has {size} bytes; at most {CONFIG_BYTES} are read")
        return (folder / CONFIG).read_text(encoding="utf-8")
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
