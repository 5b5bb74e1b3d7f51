"""What a value is: a number, a number for each tensor, or something with the shape of a tensor, its rows, its squares.

Kinds are about one tensor of the parameter tree at a time. As a matrix, a tensor is what NumPy's `matmul` takes it
for: the last two axes are a matrix of m rows and n columns, the axes before them a stack. So a convolution kernel
(h, w, in, out) is a stack of h w matrices in x out. A vector, or a number, is a stack of 1 x 1 matrices: what a
matrix operation does to it, it does element by element, which is the diagonal form of the same rule.
"""

from __future__ import annotations

import enum


class Kind(enum.IntEnum):
    """What a value is; `str(kind)` is what a person calls it."""

    SCALAR = 0
    PER_TENSOR = 1
    TENSOR = 2
    ROW = 3
    COLUMN = 4
    LEFT = 5
    RIGHT = 6
    TRANSPOSED = 7

    def __str__(self) -> str:
        return _NAMES[self]


_NAMES = (
    "a scalar",
    "a scalar per tensor",
    "a tensor",
    "a row",
    "a column",
    "a left square",
    "a right square",
    "a transposed tensor",
)

MATRIX_KINDS = (Kind.ROW, Kind.COLUMN, Kind.LEFT, Kind.RIGHT)
"""What a slot can be only of a tensor taken for matrices."""

SLOT_KINDS: dict[str, Kind] = {
    "tensor": Kind.TENSOR,
    "per_tensor": Kind.PER_TENSOR,
    "scalar": Kind.SCALAR,
    "row": Kind.ROW,
    "column": Kind.COLUMN,
    "left": Kind.LEFT,
    "right": Kind.RIGHT,
}
"""How a slot's kind is declared, as in `def train(w, g, r: row, c: column, lr)`; a slot without is a tensor."""


def _join(x: Kind, y: Kind) -> Kind | None:
    if x == y or x == Kind.SCALAR:
        return y
    if y == Kind.SCALAR:
        return x
    if Kind.PER_TENSOR in (x, y):
        return y if x == Kind.PER_TENSOR else x
    broadcasting = (Kind.ROW, Kind.COLUMN, Kind.TENSOR)
    return Kind.TENSOR if x in broadcasting and y in broadcasting else None


JOIN: tuple[tuple[Kind | None, ...], ...] = tuple(tuple(_join(x, y) for y in Kind) for x in Kind)
"""`JOIN[x][y]`: the kind of an element-wise result, by NumPy's broadcasting; None where the shapes do not fit."""


def shape_of(kind: Kind, tensor: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a value of this kind that belongs to a tensor of that shape; () for scalars.

    Examples:
        >>> shape_of(Kind.LEFT, (5, 3)), shape_of(Kind.ROW, (2, 5, 3)), shape_of(Kind.RIGHT, (4,))
        ((5, 5), (2, 1, 3), (4, 1, 1))
    """
    if kind in (Kind.SCALAR, Kind.PER_TENSOR):
        return ()
    if len(tensor) < 2:
        return (*tensor, 1, 1) if kind in (Kind.LEFT, Kind.RIGHT) else tensor
    *stack, rows, columns = tensor
    matrix = {
        Kind.TENSOR: (rows, columns),
        Kind.ROW: (1, columns),
        Kind.COLUMN: (rows, 1),
        Kind.LEFT: (rows, rows),
        Kind.RIGHT: (columns, columns),
        Kind.TRANSPOSED: (columns, rows),
    }
    return (*stack, *matrix[kind])


def matrix_shape(kind: Kind, tensor: tuple[int, ...]) -> tuple[int, ...]:
    """Return `shape_of` with a vector written as the stack of 1 x 1 matrices that it is."""
    shape = shape_of(kind, tensor)
    return (*shape, 1, 1) if len(tensor) < 2 and kind not in (Kind.LEFT, Kind.RIGHT) else shape
