"""What a run leaves beside its database: its best program, and how it ended."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lionsearch.archive.folder import BEST, ENDING, SHORT
from lionsearch.lang import Program, format_program
from lionsearch.runs.result import RunResult


def save_best(folder: Path, result: RunResult) -> list[str]:
    """Write `best.py`, unless a later one is there already, and how the run ended; return what went wrong."""
    if result.finished and result.caught_up:
        end = RunEnd(result.progress.told, "" if result.best is None else result.best.fingerprint, result.stopped)
        with contextlib.suppress(OSError):
            (folder / ENDING).write_text(json.dumps(asdict(end)), encoding="utf-8")
    if result.best is None or ((folder / BEST).is_file() and not result.caught_up):
        return []
    text = format_program(result.best.program)
    with contextlib.suppress(OSError, ValueError):
        if (folder / BEST).read_text(encoding="utf-8") != text:
            (folder / SHORT).unlink()  # which is of another best
    return save_program(folder / BEST, result.best.program)


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended.

    Attributes:
        told: candidates, by then.
        best: the fingerprint of the best program.
        stopped: why it ended early; "" if it did not.
    """

    told: int
    best: str
    stopped: str


def read_end(folder: Path, told: int) -> RunEnd | None:
    """Return how a run ended; None if it did not, has gone on since, or that cannot be read.

    Args:
        folder: of the run.
        told: candidates that it has now.
    """
    try:
        found = RunEnd(**json.loads((folder / ENDING).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return found if found.told == told else None


def save_program(path: Path, program: Program) -> list[str]:
    """Write a program; return what went wrong."""
    try:
        path.write_text(format_program(program), encoding="utf-8")
    except OSError as error:
        if not path.parent.is_dir():
            return [f"{path.parent}: the folder was renamed or deleted; {path.name} is not written, only printed"]
        return [f"{path}: cannot be written: {error.strerror}; the program is only printed"]
    return []
