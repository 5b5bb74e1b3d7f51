"""How values of a parameter tree are stored, so that one table of meanings serves every way to run a program.

`LeafSpace` keeps a tree as a tuple of leaves (NumPy oracle and compiler); `RowSpace` keeps it as one flat row
(interpreter). Both implement `lionsearch.lang.Space`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True, slots=True)
class LeafSpace:
    """A tensor, or scalar per tensor, is a tuple with one array per leaf; a scalar is a number.

    Attributes:
        xp: `numpy` or `jax.numpy`.
        dtype: of constants; None leaves them Python floats, which take the dtype of what they meet.
    """

    xp: ModuleType
    dtype: Callable[[float], Any] | None = None

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """Apply an element-wise function leaf by leaf."""
        leaves = next((len(value) for value in values if isinstance(value, tuple)), None)
        if leaves is None:
            value = function(self.xp, *values)
            return value if values or self.dtype is None else self.dtype(value)
        return tuple(
            function(self.xp, *(value[i] if isinstance(value, tuple) else value for value in values))
            for i in range(leaves)
        )

    def tensor_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product of each pair of leaves."""
        return tuple(self.xp.vdot(a, b) for a, b in zip(x, y, strict=True))

    def tree_dot(self, x: Any, y: Any) -> Any:
        """Return the sum of the leaves' inner products."""
        total = self.xp.vdot(x[0], y[0])
        for a, b in zip(x[1:], y[1:], strict=True):
            total = total + self.xp.vdot(a, b)
        return total


@dataclass(frozen=True, slots=True)
class RowSpace:
    """Every value is a row of all parameters, raveled; scalars stand in all elements.

    Attributes:
        sizes: the number of elements of each leaf, in order.
    """

    sizes: tuple[int, ...]

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """Apply an element-wise function to whole rows."""
        return function(jnp, *values)

    def tensor_dot(self, x: Any, y: Any) -> Any:
        """Return a row with each leaf's inner product in all of the leaf's elements."""
        products = [jnp.full(end - start, jnp.vdot(x[start:end], y[start:end]), x.dtype) for start, end in self.bounds]
        return jnp.concatenate(products)

    def tree_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product of the rows."""
        return jnp.vdot(x, y)

    @property
    def size(self) -> int:
        """Elements of a row."""
        return sum(self.sizes)

    @property
    def bounds(self) -> list[tuple[int, int]]:
        """Where each leaf's elements start and end in a row."""
        return list(pairwise(np.cumsum((0, *self.sizes)).tolist()))


def leaf_sizes(leaves: Sequence[Any]) -> tuple[int, ...]:
    """Return the number of elements of each leaf."""
    return tuple(int(np.prod(np.shape(leaf), dtype=int)) for leaf in leaves)
