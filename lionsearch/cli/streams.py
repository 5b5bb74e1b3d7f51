"""Standard output is for results: all else goes to stderr, and what cannot be written is said.

Output that fails ends the command with exit code 1 and one line; it is one word less where the reader of a pipe has had
enough. What libraries and workers write past Python lands on stderr. stderr itself fails without a word.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from types import TracebackType
from typing import Any, TextIO


class OutputError(Exception):
    """Standard output cannot be written."""


class _Results(io.TextIOWrapper):
    """Standard output, whose failures cannot be taken for those of other files."""

    def write(self, text: str, /) -> int:
        """Write, or raise `OutputError`."""
        try:
            return super().write(text)
        except OSError as error:
            raise OutputError(error.strerror) from error

    def flush(self) -> None:
        """Write what is buffered, or raise `OutputError`."""
        try:
            super().flush()
        except OSError as error:
            raise OutputError(error.strerror) from error


class _Messages(io.TextIOWrapper):
    """Standard error; a message that cannot be written is lost."""

    def write(self, text: str, /) -> int:
        """Write if that is possible."""
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered if that is possible."""
        with contextlib.suppress(OSError):
            super().flush()


class Streams:
    """Puts both streams in place while a command runs. Streams that are not the process's own are left alone."""

    def __init__(self) -> None:
        self._before: tuple[Any, Any] = (sys.stdout, sys.stderr)
        self._results: _Results | None = None

    def __enter__(self) -> Streams:
        closed = [number for number, stream in enumerate((sys.stdout, sys.stderr), 1) if stream is None]
        _fill(closed)
        if sys.stderr is None or _is_own(sys.stderr, 2):
            sys.stderr = _wrap(_Messages, os.dup(2), sys.stderr, line_buffering=True)
        if sys.stdout is None or _is_own(sys.stdout, 1):
            here = os.open(os.devnull, os.O_RDONLY) if 1 in closed else os.dup(1)  # the first cannot be written to
            os.dup2(2, 1)
            sys.stdout = self._results = _wrap(_Results, here, sys.stdout)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failure = error if isinstance(error, OutputError) else self._flush()
        if self._results is not None:
            if failure is not None:
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._results.fileno())  # for what is buffered
            else:
                os.dup2(self._results.fileno(), 1)
        if failure is not None:
            if not isinstance(failure.__cause__, BrokenPipeError):
                print(f"error: the output could not be written: {failure}", file=sys.stderr)
            self._restore()
            raise SystemExit(1) from None
        self._restore()

    def _flush(self) -> OutputError | None:
        try:
            sys.stdout.flush()
        except OutputError as error:
            return error
        return None

    def _restore(self) -> None:
        sys.stderr.flush()
        if self._before[0] is not None:
            sys.stdout = self._before[0]
        if self._before[1] is not None:
            sys.stderr = self._before[1]


def _is_own(stream: TextIO, number: int) -> bool:
    try:
        return stream.fileno() == number
    except (OSError, ValueError):  # of a stream that is no file
        return False


def _fill(closed: list[int]) -> None:
    """Open the null device in the place of closed descriptors, or a run's database would get their numbers."""
    for number in closed:
        null = os.open(os.devnull, os.O_WRONLY)
        if null != number:
            os.dup2(null, number)
            os.close(null)


def _wrap(kind: type[Any], descriptor: int, like: TextIO | None, *, line_buffering: bool = False) -> Any:
    encoding = "utf-8" if like is None or like.encoding is None else like.encoding
    errors = "replace" if like is None or like.errors is None else like.errors
    terminal = os.isatty(descriptor)
    raw = io.BufferedWriter(_Raw(descriptor))
    return kind(raw, encoding, errors, line_buffering=line_buffering or terminal)


class _Raw(io.RawIOBase):
    """A descriptor to write to, whether or not it can be."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """Return True: that it is not shows when it is written to."""
        return True

    def write(self, data: Any, /) -> int:
        """Write."""
        return os.write(self._descriptor, data)
