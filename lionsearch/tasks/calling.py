"""Around the code of a task, which is the user's: what it prints goes to stderr, what it raises is one `TaskError`.

An error in which no code but ours has a part stays what it is: it is ours to see.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from lionsearch.errors import LionSearchError, TaskError

if TYPE_CHECKING:
    from lionsearch.tasks.spec import TaskSpec

FAULTS = (Exception, SystemExit)
"""What code of a task may raise; an interrupt is not its own."""

_OURS = str(Path(__file__).parent.parent)
_PACKAGES = {"site-packages", "dist-packages"}
"""What folders of installed packages are called, wherever they are."""

_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')


P = ParamSpec("P")
R = TypeVar("R")


class _OfTask(Protocol):
    """What is of one task."""

    spec: TaskSpec


T = TypeVar("T", bound=_OfTask)


class _Announcer:
    """Writes the name of the task that is called to a descriptor, whenever it is another one."""

    def __init__(self) -> None:
        self.descriptor: int | None = None
        self._last = ""

    def announce(self, name: str) -> None:
        if self.descriptor is not None and name != self._last:
            self._last = name
            with contextlib.suppress(OSError):
                os.write(self.descriptor, f"task {name}\n".encode())


_announcer = _Announcer()


def announce_tasks_to(descriptor: int | None) -> None:
    """Have the name of each task that is called written to a descriptor, for who would say where a process died."""
    _announcer.descriptor = descriptor


@contextlib.contextmanager
def calling_task(name: str) -> Iterator[None]:
    """Run code that calls a task's.

    Args:
        name: the task's.

    Raises:
        TaskError: for what the task's code raises, `SystemExit` too, and for memory that there is not.
    """
    _announcer.announce(name)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except LionSearchError:
        raise
    except FAULTS as error:
        if find_place(error) is None and not _is_of_the_machine(error):
            raise
        raise TaskError(f"task {name!r} failed: {describe_fault(error)}") from error


def calls_task(method: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """Have what the task's own code raises in a method be a `TaskError`."""

    @wraps(method)
    def call(self: T, *arguments: P.args, **options: P.kwargs) -> R:
        with calling_task(self.spec.name):
            return method(self, *arguments, **options)

    return call


def describe_fault(error: BaseException) -> str:
    """Return what a task's code raised on one line: type, message, and where in the task's code if that is known."""
    text = str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip(" -")]
    inner = text.partition("Traceback (most recent call last)")[2]
    said = lines[0] if lines else ""
    if raised := re.findall(r"^(\w[\w.]*: .*|SystemExit.*)$", inner, re.MULTILINE):
        said = raised[-1]
    elif isinstance(error, SystemExit):
        said = f"sys.exit({error.code!r})"
    place = find_place(error)
    kind = "" if raised or isinstance(error, SystemExit) else type(error).__name__
    return ": ".join(filter(None, (kind, said[:300]))) + (f" ({place})" if place else "")


def find_place(error: BaseException) -> str | None:
    """Return file and line of the last call in code that is neither ours nor installed; None if there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f"{frame.filename}:{frame.lineno}" for frame in frames if not _is_foreign(frame.filename)]
    return find_place_in(str(error)) or (theirs[-1] if theirs else None)  # callbacks are quoted by JAX


def find_place_in(text: str, *, innermost_first: bool = False) -> str | None:
    """Return the same of a printed traceback."""
    theirs = [f"{file}:{line}" for file, line in _FRAME.findall(text) if not _is_foreign(file)]
    return theirs[0 if innermost_first else -1] if theirs else None


def _is_foreign(file: str) -> bool:
    paths = sysconfig.get_paths()
    installed = (paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"], sys.prefix, _OURS)
    path = Path(file)
    return (
        file.startswith(("<", *installed))
        or not _PACKAGES.isdisjoint(path.parts)  # a user's own, or of another path
        or path == Path(sys.argv[0]).absolute()
    )


def _is_of_the_machine(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ in ("XlaRuntimeError", "JaxRuntimeError")
