r"""What everything printed goes through: names, errors and programs of others reach a terminal as plain characters.

A control character (ANSI escapes begin with one) is written as its escape, `\u001b`, which is also what JSON and
Python call it; so are marks that turn the direction of text. A character that the encoding lacks is written likewise.
Only `raw_stream` goes past that, for what rich itself draws; text that rich is given goes through `plain`.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SPELLED = {"±": "+-", "…": "..."}
_HANDLER = "lionsearch-spell"


def plain(text: object) -> str:
    r"""Return the text with control characters as escapes; line ends and tabs stay.

    Examples:
        >>> print(plain("\x1b[31mred"))
        \u001b[31mred
    """
    return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", str(text))


@contextlib.contextmanager
def plain_streams() -> Iterator[None]:
    """Have all that is printed to stdout and stderr go through `plain`."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_guard(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def raw_stream(stream: Any) -> TextIO:
    """Return the stream behind one of `plain_streams`."""
    return stream.raw if isinstance(stream, _PlainStream) else stream


def _guard(stream: Any) -> Any:
    if stream is None or isinstance(stream, _PlainStream):
        return stream
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=_HANDLER)
    return _PlainStream(stream)


class _PlainStream:
    """A text stream whose `write` goes through `plain`; everything else is the stream's own, but for its bytes."""

    def __init__(self, raw: TextIO):
        self.raw = raw

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() takes text, not {type(text).__name__}")  # by which click tells streams apart
        self.raw.write(plain(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # where click would go past this
            raise AttributeError(name)
        return getattr(self.raw, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    return "".join(_SPELLED.get(each) or _escape(each) for each in found), error.end


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


codecs.register_error(_HANDLER, _spell)
