"""How values of a parameter tree are stored, so that one table of meanings serves every way to run a program.

`LeafSpace` keeps a tree as a tuple of leaves, for NumPy (oracle) and JAX (compiler) alike; `RowSpace` in `rows.py`
keeps it as one flat row (interpreter). Both implement `lionsearch.lang.Space`. No JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from lionsearch.lang import Kind, matrix_shape, shape_of

Shapes = tuple[tuple[int, ...], ...]
SQUARES = (Kind.LEFT, Kind.RIGHT)


@dataclass(frozen=True)
class LeafSpace:
    """What belongs to each tensor is a tuple with one array per leaf, of the shape of its kind; a scalar is a number.

    Attributes:
        xp: `numpy` or `jax.numpy`.
        shapes: of the leaves.
        dtype: of constants; None leaves them Python floats, which take the dtype of what they meet.
    """

    xp: ModuleType
    shapes: Shapes
    dtype: Callable[[float], Any] | None = None

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """Apply an element-wise function leaf by leaf."""
        for value in values:
            if isinstance(value, tuple):
                return tuple([function(self.xp, *_leaves(values, i)) for i in range(len(self.shapes))])
        value = function(self.xp, *values)
        return value if values or self.dtype is None else self.dtype(value)

    def tensor_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product of each pair of leaves."""
        return tuple(self.xp.vdot(a, b) for a, b in zip(x, y, strict=True))

    def tree_dot(self, x: Any, y: Any) -> Any:
        """Return the sum of the leaves' inner products."""
        total = self.xp.vdot(x[0], y[0])
        for a, b in zip(x[1:], y[1:], strict=True):
            total = total + self.xp.vdot(a, b)
        return total

    def each_tensor(self, function: Callable[..., Any], x: Any) -> Any:
        """Apply a function to each leaf in its own shape."""
        return tuple(function(self.xp, leaf) for leaf in x)

    def each_matrix(self, function: Callable[..., Any], kinds: Sequence[Kind], result: Kind, *values: Any) -> Any:
        """Apply a function to the leaves as stacks of matrices."""
        found = []
        for i, shape in enumerate(self.shapes):
            matrices = [_as_matrix(x, kind, shape) for x, kind in zip(_leaves(values, i), kinds, strict=True)]
            matrix = self.xp.broadcast_to(function(self.xp, *matrices), matrix_shape(result, shape))
            found.append(matrix if len(shape) > 1 or result in SQUARES else matrix[..., 0, 0])
        return tuple(found)


def _leaves(values: Sequence[Any], index: int) -> list[Any]:
    return [value[index] if isinstance(value, tuple) else value for value in values]


def _as_matrix(x: Any, kind: Kind, shape: tuple[int, ...]) -> Any:
    return x[..., None, None] if len(shape) < 2 and kind not in (*SQUARES, Kind.SCALAR) else x


def leaf_shapes(leaves: Sequence[Any]) -> Shapes:
    """Return the shapes of the leaves."""
    return tuple(tuple(np.shape(leaf)) for leaf in leaves)


def zero_slot(kind: Kind, shapes: Shapes, xp: Any, dtype: Any) -> Any:
    """Return the start of a slot of a kind: zeros, stored as `LeafSpace` does."""
    if kind is Kind.SCALAR:
        return xp.zeros((), dtype)[()]
    return tuple(xp.zeros(shape_of(kind, shape), dtype) for shape in shapes)
