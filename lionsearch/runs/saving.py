"""The programs that a run leaves beside its database."""

from __future__ import annotations

from pathlib import Path

from lionsearch.archive.folder import BEST
from lionsearch.lang import Program, format_program
from lionsearch.runs.result import RunResult


def save_best(folder: Path, result: RunResult) -> list[str]:
    """Write `best.py`, unless a later one is there already; return what went wrong."""
    if result.best is None or ((folder / BEST).is_file() and not result.caught_up):
        return []
    return save_program(folder / BEST, result.best.program)


def save_program(path: Path, program: Program) -> list[str]:
    """Write a program; return what went wrong."""
    try:
        path.write_text(format_program(program), encoding="utf-8")
    except OSError as error:
        if not path.parent.is_dir():
            return [f"{path.parent}: the folder was renamed or deleted; {path.name} is not written, only printed"]
        return [f"{path}: cannot be written: {error.strerror}; the program is only printed"]
    return []
