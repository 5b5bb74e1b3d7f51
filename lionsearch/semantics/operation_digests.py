"""What each operation computes, as a few digits: equal digits, equal meaning, whatever the source code looks like.

Every operation is applied to fixed numbers by the NumPy reference, and its results are rounded to six digits, so that
another version of Python or NumPy gives the same. With them stands what a search draws by: kinds and commutativity.
Non-goal: what only exports and algebra know of an operation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lionsearch.lang import OPERATIONS, Kind, Operation, shape_of
from lionsearch.semantics.leaf_space import LeafSpace

_SHAPES = ((3, 2), (4,))
_NUMBERS = (0.25, -1.5, 0.0, 2.75, 0.625, -0.375, 11.5, 1.0, -3.25, 0.875, 2.0)
"""Of both signs, with a zero and a one; a prime number of them, so that arguments differ in all places."""
_TINY = 1e-9
_SQUARES = (Kind.LEFT, Kind.RIGHT)


def digest_operations(rows: Iterable[Operation] = tuple(OPERATIONS.values())) -> dict[str, str]:
    """Return twelve hexadecimal digits for each operation, by name.

    Examples:
        >>> digests = digest_operations()
        >>> digests["add"] == digest_operations()["add"] != digests["subtract"]
        True
    """
    return {row.name: _digest(row) for row in rows}


def _digest(row: Operation) -> str:
    facts = (row.name, [[int(kind) for kind in kinds] for kinds in row.accepts], row.commutative)
    parts = [repr(facts)]
    for kinds in row.signatures or [_usual_kinds(row)]:
        result = row.result_kind(*kinds)
        parts.append(f"{[int(kind) for kind in kinds]} {None if result is None else int(result)}")
        parts.extend(_results(row, kinds))
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()


def _usual_kinds(row: Operation) -> tuple[Kind, ...]:
    return tuple(Kind.TENSOR if Kind.TENSOR in kinds else kinds[0] for kinds in row.accepts)


def _results(row: Operation, kinds: Sequence[Kind]) -> list[str]:
    """Return the numbers that the operation gives, as text."""
    space = LeafSpace(np, _SHAPES, np.float64)
    values = [_value(kind, position) for position, kind in enumerate(kinds)]
    with np.errstate(all="ignore"):
        found = row.apply(space, *values, kinds=kinds)
    leaves = found if isinstance(found, tuple) else (found,)
    numbers = [float(number) for leaf in leaves for number in np.ravel(np.asarray(leaf, np.float64))]
    return [_round(abs(number) if row.decomposes else number) for number in numbers]  # vectors have no sign there


def _value(kind: Kind, position: int) -> Any:
    """Return an argument; squares are symmetric, with eigenvalues that are far apart and positive."""
    if kind is Kind.SCALAR:
        return np.float64(_NUMBERS[3 + position])
    shapes = [shape_of(kind, shape) for shape in _SHAPES]
    if kind in _SQUARES:
        return tuple(_square(shape) for shape in shapes)
    return tuple(_draw(4 * position + leaf, shape) for leaf, shape in enumerate(shapes))


def _draw(start: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return the numbers from one of them on; the second is the same in all arguments, so that some are equal."""
    numbers = np.roll(np.array(_NUMBERS), start)
    numbers[1] = _NUMBERS[1]
    return np.resize(numbers, shape)


def _square(shape: tuple[int, ...]) -> np.ndarray:
    size = shape[-1]
    matrix = np.diag(np.arange(1.0, size + 1) ** 2) + 0.25
    return np.broadcast_to(matrix, shape).copy()


def _round(number: float) -> str:
    return "0" if abs(number) < _TINY else f"{number:.5e}"
