"""How values of a parameter tree are stored, so that one table of meanings serves every way to run a program.

`LeafSpace` keeps a tree as a tuple of leaves (NumPy oracle and compiler); `RowSpace` keeps it as one flat row
(interpreter). Both implement `lionsearch.lang.Space`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lionsearch.lang import Kind, matrix_shape, shape_of

Shapes = tuple[tuple[int, ...], ...]
_SQUARES = (Kind.LEFT, Kind.RIGHT)


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
        if not any(isinstance(value, tuple) for value in values):
            value = function(self.xp, *values)
            return value if values or self.dtype is None else self.dtype(value)
        return tuple(function(self.xp, *_leaves(values, i)) for i in range(len(self.shapes)))

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
            found.append(matrix if len(shape) > 1 or result in _SQUARES else matrix[..., 0, 0])
        return tuple(found)


def _leaves(values: Sequence[Any], index: int) -> list[Any]:
    return [value[index] if isinstance(value, tuple) else value for value in values]


def _as_matrix(x: Any, kind: Kind, shape: tuple[int, ...]) -> Any:
    return x[..., None, None] if len(shape) < 2 and kind not in (*_SQUARES, Kind.SCALAR) else x


@dataclass(frozen=True)
class RowSpace:
    """Every value is one row: a segment for each leaf, raveled; scalars stand in all elements.

    Rows, columns and scalars per tensor are broadcast over their tensor's segment. With `squares`, a segment is as
    long as the largest square of its tensor; what a value does not fill is never read as part of it.

    Attributes:
        shapes: of the leaves, in order.
        squares: whether there is room for squares.
    """

    shapes: Shapes
    squares: bool = False

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """Apply an element-wise function to whole rows."""
        return function(jnp, *values)

    def tensor_dot(self, x: Any, y: Any) -> Any:
        """Return a row with each leaf's inner product in all of the leaf's elements."""
        products = [jnp.vdot(x[part], y[part]) for part in self.parts]
        return jnp.concatenate([jnp.full(width, p, x.dtype) for p, width in zip(products, self._widths, strict=True)])

    def tree_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product over all leaves."""
        if self.size == sum(self._sizes):
            return jnp.vdot(x, y)
        return sum(jnp.vdot(x[part], y[part]) for part in self.parts)

    def each_tensor(self, function: Callable[..., Any], x: Any) -> Any:
        """Apply a function to each leaf in its own shape."""
        leaves = self.unravel(x)
        found = [function(jnp, leaf) for leaf in leaves]
        return self.ravel([jnp.broadcast_to(y, leaf.shape) for y, leaf in zip(found, leaves, strict=True)], found)

    def each_matrix(self, function: Callable[..., Any], kinds: Sequence[Kind], result: Kind, *values: Any) -> Any:
        """Apply a function to the leaves as stacks of matrices."""
        found = []
        for index, shape in enumerate(self.shapes):
            stored = [Kind.TENSOR if kind in (Kind.ROW, Kind.COLUMN) else kind for kind in kinds]
            matrices = [
                x[0] if kind is Kind.SCALAR else self._read(x, index, matrix_shape(kind, shape))
                for x, kind in zip(values, stored, strict=True)
            ]
            broadcast = Kind.TENSOR if result in (Kind.ROW, Kind.COLUMN) else result
            found.append(jnp.broadcast_to(function(jnp, *matrices), matrix_shape(broadcast, shape)))
        return self.ravel(found)

    def ravel(self, leaves: Sequence[Any], scalars: Sequence[Any] = ()) -> Any:
        """Return the leaves as one row.

        Leaf by leaf into the row: XLA's loop over a concatenation reads, masked, behind the ends of its parts, which
        costs 40 µs a step wherever no memory is mapped there.

        Args:
            leaves: arrays, in order; each fills the start of its segment.
            scalars: where a leaf's is given and has no axes, it fills the whole segment instead.
        """
        row = jnp.zeros(self.size, jnp.result_type(float))
        for index, leaf in enumerate(leaves):
            whole = index < len(scalars) and jnp.ndim(scalars[index]) == 0
            leaf = jnp.full(self._widths[index], scalars[index], row.dtype) if whole else jnp.ravel(leaf)
            row = lax.dynamic_update_slice(row, leaf, (self._starts[index],))
        return row

    def unravel(self, row: Any) -> list[Any]:
        """Return the leaves of a tensor."""
        return [self._read(row, index, shape) for index, shape in enumerate(self.shapes)]

    def _read(self, row: Any, index: int, shape: tuple[int, ...]) -> Any:
        start = self._starts[index]
        return row[start : start + int(np.prod(shape, dtype=int))].reshape(shape)

    @property
    def size(self) -> int:
        """Elements of a row."""
        return sum(self._widths)

    @cached_property
    def parts(self) -> list[slice]:
        """Where each leaf's elements are."""
        return [slice(start, start + size) for start, size in zip(self._starts, self._sizes, strict=True)]

    @cached_property
    def _sizes(self) -> list[int]:
        return [int(np.prod(shape, dtype=int)) for shape in self.shapes]

    @cached_property
    def _widths(self) -> list[int]:
        if not self.squares:
            return self._sizes
        kinds = (Kind.TENSOR, *_SQUARES)
        return [max(int(np.prod(shape_of(kind, shape), dtype=int)) for kind in kinds) for shape in self.shapes]

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in pairwise(np.cumsum((0, *self._widths)).tolist())]


def leaf_shapes(leaves: Sequence[Any]) -> Shapes:
    """Return the shapes of the leaves."""
    return tuple(tuple(np.shape(leaf)) for leaf in leaves)


def zero_slot(kind: Kind, shapes: Shapes, xp: Any, dtype: Any) -> Any:
    """Return the start of a slot of a kind: zeros, stored as `LeafSpace` does."""
    if kind is Kind.SCALAR:
        return xp.zeros((), dtype)[()]
    return tuple(xp.zeros(shape_of(kind, shape), dtype) for shape in shapes)
