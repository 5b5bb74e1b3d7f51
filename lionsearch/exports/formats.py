"""The targets of an export, by name, and which files each may go to."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from lionsearch.errors import SettingError


class Target(StrEnum):
    """What a program is exported to."""

    OPTAX = "optax"
    TORCH = "torch"
    LATEX = "latex"
    GRAPH = "graph"


_PICTURES = (".svg", ".png")
_TEXTS = {Target.OPTAX: "Python", Target.TORCH: "Python", Target.LATEX: "LaTeX"}
_SUFFIXES = {"Python": ".py", "LaTeX": ".tex"}


def check_suffix(path: Path | None, target: Target) -> None:
    """Raise if a target cannot be written to the path; None is for what is printed.

    A text may go to a file with any suffix but that of another target.

    Raises:
        SettingError: naming the suffixes that will do.
    """
    if target is Target.GRAPH:
        if path is None:
            raise SettingError("a graph is a picture and cannot be printed: give -o a file that ends in .svg or .png")
        if path.suffix not in _PICTURES:
            raise SettingError(f"a graph is a picture: give -o a file that ends in .svg or .png, not {path}")
        return
    held = _TEXTS[target]
    others = {*_PICTURES, *_SUFFIXES.values()} - {_SUFFIXES[held]}
    if path is not None and path.suffix.lower() in others:
        raise SettingError(f"--to {target} writes {held}: give -o a file that ends in {_SUFFIXES[held]}, not {path}")
