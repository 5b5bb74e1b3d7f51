"""A parameter tree as one flat row: how the interpreter stores every value, so that one program fits any tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lionsearch.lang import Kind, matrix_shape, shape_of
from lionsearch.semantics.leaf_space import SQUARES, Shapes


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
        kinds = (Kind.TENSOR, *SQUARES)
        return [max(int(np.prod(shape_of(kind, shape), dtype=int)) for kind in kinds) for shape in self.shapes]

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in pairwise(np.cumsum((0, *self._widths)).tolist())]
