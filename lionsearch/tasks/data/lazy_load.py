"""Vectors of text in R's lazy-load database, without R: `NAME.rdx` says where in `NAME.rdb` each object lies.

Read is what a data set of text is made of: lists, pairlists, symbols and vectors of text and numbers. Format: "Data
formats: serialization" in *R Internals*.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

from lionsearch.errors import TaskError

_NIL, _REFERENCE, _SYMBOL = 254, 255, 1
_PAIRLIST, _CHARACTERS, _LOGICAL, _INTEGER, _REAL, _TEXT, _LIST = 2, 9, 10, 13, 14, 16, 19
_HAS_ATTRIBUTES, _HAS_TAG = 0x200, 0x400


def read_lazy_load(path: Path) -> dict[str, list[str]]:
    """Return the vectors of text in a database by their names.

    Args:
        path: of the two files, without `.rdx` and `.rdb`.

    Raises:
        TaskError: if they cannot be read.
    """
    try:
        index, _ = _Reader(zlib.decompress(path.with_suffix(".rdx").read_bytes(), wbits=47)).read()
        content = path.with_suffix(".rdb").read_bytes()
        (variables, names), *_ = index
        found = {}
        for name, ((offset, length), _) in zip(names["names"][0], variables, strict=True):
            part = content[offset : offset + length]
            lines, _ = _Reader(zlib.decompress(part[4:])).read()  # after its length
            found[name] = lines
    except (OSError, zlib.error, struct.error, ValueError, TypeError, KeyError, IndexError) as error:
        raise TaskError(f"{path}.rdx: cannot be read as R's lazy-load database: {error}") from None
    return {name: lines for name, lines in found.items() if lines and all(isinstance(line, str) for line in lines)}


class _Reader:
    """Reads R's serialization from bytes; an object is a pair of its value and its attributes."""

    def __init__(self, content: bytes):
        self._content, self._at = content, 0
        self._references: list[Any] = []
        if self._take(2) != b"X\n":
            raise ValueError("not R's serialization in XDR")
        version, _, _ = (self._integer() for _ in range(3))
        if version == 3:
            self._take(self._integer())  # the name of the native encoding

    def read(self) -> tuple[Any, dict[str, Any]]:
        """Return the next object."""
        flags = self._integer()
        kind = flags & 0xFF
        if kind == _NIL:
            return None, {}
        if kind == _REFERENCE:
            return self._references[(flags >> 8) - 1], {}
        if kind == _SYMBOL:
            self._references.append(self.read()[0])
            return self._references[-1], {}
        if kind == _PAIRLIST:
            return self._pairs(flags), {}
        if kind == _CHARACTERS:
            length = self._integer()
            return (None if length < 0 else self._take(length).decode("utf-8", "replace")), {}
        value = self._vector(kind)
        return value, self.read()[0] if flags & _HAS_ATTRIBUTES else {}

    def _vector(self, kind: int) -> list[Any]:
        length = self._integer()
        if kind in (_LOGICAL, _INTEGER):
            return list(struct.unpack(f">{length}i", self._take(4 * length)))
        if kind == _REAL:
            return list(struct.unpack(f">{length}d", self._take(8 * length)))
        if kind == _TEXT:
            return [self.read()[0] for _ in range(length)]
        if kind == _LIST:
            return [self.read() for _ in range(length)]
        raise ValueError(f"an object of type {kind}, which is not read")

    def _pairs(self, flags: int) -> dict[str, Any]:
        """Return a pairlist by its tags."""
        pairs: dict[str, Any] = {}
        while flags & 0xFF == _PAIRLIST:
            if flags & _HAS_ATTRIBUTES:
                self.read()
            tag = self.read()[0] if flags & _HAS_TAG else ""
            pairs[tag] = self.read()
            flags = self._integer()
        if flags & 0xFF != _NIL:
            raise ValueError("a pairlist without an end")
        return pairs

    def _integer(self) -> int:
        return struct.unpack(">i", self._take(4))[0]

    def _take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._content):
            raise ValueError("it ends too soon")
        self._at += count
        return self._content[self._at - count : self._at]
