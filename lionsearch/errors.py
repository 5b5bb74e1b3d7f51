"""Every error that lionsearch raises on purpose.

    LionSearchError
    ├── ProgramError     program text outside the language (also a SyntaxError)
    ├── MissingFileError a file or folder that is not there (also a FileNotFoundError)
    ├── UnknownNameError a name that nothing has: program, task, operation, setting (also a LookupError)
    ├── SettingError     a setting of a wrong type or value (also a ValueError)
    ├── RunError         a run folder that is not one, or is in use
    │   └── FolderTakenError a folder that holds something, where a new run was to be
    └── TaskError        a task that breaks the task interface (also a ValueError)

Each message says what was wrong, where, what was expected and the nearest valid name. A candidate that fails
in training is not an error: it is a `lionsearch.records.Failure`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lionsearch.limits import NAME, QUOTED


class LionSearchError(Exception):
    """Base of all errors that a user can cause and correct.

    Examples:
        >>> import lionsearch
        >>> try:
        ...     lionsearch.load("loin")
        ... except lionsearch.LionSearchError as error:
        ...     print(error)
        unknown program 'loin'; did you mean 'lion'?
    """


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a program file: line from 1, column from 1."""

    line: int
    column: int


_LINE_END = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What ends a line to some readers of a message, but not to Python."""


class ProgramError(LionSearchError, SyntaxError):
    """Program text that is not in the language.

    Args:
        message: one sentence, without the place.
        location: where in `text` the problem stands, if it has a place.
        text: the whole program text, from which the line is quoted.
        filename: shown in front of the message.
    """

    def __init__(self, message: str, location: Location | None = None, text: str = "", filename: str = "<program>"):
        self.message = message
        self.location = location
        self.source = text
        self.file = filename
        super().__init__(str(self))

    def __str__(self) -> str:
        if self.location is None:
            return f"{self.file}: {self.message}"
        line, column = self.location.line, self.location.column
        head = f"{self.file}:{line}:{column}: {self.message}"
        lines = re.split(r"\r\n|\r|\n", self.source)  # as Python counts lines
        if not 0 < line <= len(lines) or not self.source:
            return head
        shown, before = _cut_around(_LINE_END.sub("\ufffd", lines[line - 1]), column - 1)
        return f"{head}\n  {shown}\n  {' ' * before}^"

    def __reduce__(self) -> tuple[Any, ...]:
        return ProgramError, (self.message, self.location, self.source, self.file)


class UnknownNameError(LionSearchError, LookupError):
    """A name that is not among the valid ones; the message names the nearest."""

    def __init__(self, what: str, name: str, valid: Iterable[str], where: str = ""):
        self.what, self.name, self.valid, self.where = what, name, tuple(valid), where
        place = f"{where}: " if where else ""
        super().__init__(f"{place}unknown {what} {quote(name)}; {nearest_hint(name, self.valid)}")

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return UnknownNameError, (self.what, self.name, self.valid, self.where)


class MissingFileError(LionSearchError, FileNotFoundError):
    """A file or folder that is not there."""


class SettingError(LionSearchError, ValueError):
    """A setting of a wrong type or value."""


class RunError(LionSearchError):
    """A run folder that cannot be used."""


class FolderTakenError(RunError):
    """A folder that holds something, or is being written, where a new run was to be."""


class TaskError(LionSearchError, ValueError):
    """A task that breaks the task interface."""


_FEW = 12
"""Names that a message lists."""


def nearest_hint(name: str, valid: Iterable[str]) -> str:
    """Return "did you mean 'x'?"; the names there are, if they are few; else those that are least unlike it.

    Examples:
        >>> nearest_hint("adamm", ["adamw", "lion", "adafactor"])
        "did you mean 'adamw'?"
        >>> nearest_hint("q", ["adamw", "lion"])
        'expected one of: adamw, lion'
    """
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6) if len(name) <= NAME else []
    if close:
        return f"did you mean {close[0]!r}?"
    if not names:
        return "there is none"
    if len(names) <= _FEW:
        return f"expected one of: {', '.join(names)}"
    near = difflib.get_close_matches(name[:NAME], names, n=5, cutoff=0.0)
    return f"there are {len(names)}; the nearest: {', '.join(near)}"


def counted(number: int, thing: str) -> str:
    """Return a number of things in words.

    Examples:
        >>> counted(1, "seed"), counted(1200, "seed")
        ('1 seed', '1,200 seeds')
    """
    return f"{number:,} {thing}{'s' * (number != 1)}"


def quote(value: Any, most: int = QUOTED) -> str:
    """Return what a message shows of a value: its `repr`, the middle left out where it is long.

    Examples:
        >>> quote("lion"), quote("x" * 50 + "y" * 50, 12)
        ("'lion'", "'xxxxx ... yyyyy'")
    """
    if isinstance(value, int) and value.bit_length() > 4 * most:
        return f"a number of {value.bit_length()} bits"  # Python refuses to print the longest
    if isinstance(value, str) and len(value) > 2 * most:
        value = value[:most] + value[-most:]  # whose quotes and escapes take what room they take
    try:
        return shorten(repr(value), most)
    except (ValueError, RecursionError):  # a list of such numbers, or of lists in lists
        return f"a {type(value).__name__}"


def shorten(text: str, most: int = QUOTED) -> str:
    """Return the text, the middle left out where it is long."""
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[-(most // 2) :]}"


def one_line(text: str, most: int = 3 * QUOTED) -> str:
    """Return the text on one line, the middle left out where it is long."""
    return shorten(" ".join(text.split()), most)


def _cut_around(line: str, position: int) -> tuple[str, int]:
    """Return a part of the line around a position, and where in it the position is."""
    position = min(position, len(line))  # Python's own are beyond it at times
    start = max(0, position - QUOTED // 2) if len(line) > 2 * QUOTED else 0
    before = "... " if start else ""
    after = " ..." if len(line) > start + 2 * QUOTED else ""
    return f"{before}{line[start : start + 2 * QUOTED]}{after}", position - start + len(before)
