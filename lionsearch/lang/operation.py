"""What a row of the table of operations says: names, kinds, algebraic facts, meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lionsearch.lang.kinds import JOIN, Kind


class Space(Protocol):
    """How values of the parameter tree are stored, for operations that look at more than one element."""

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """Apply `function(xp, *arrays)` element by element, broadcasting as kinds join."""
        ...

    def tensor_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product of x and y in each tensor (a scalar per tensor)."""
        ...

    def tree_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product of x and y over the whole tree (a scalar)."""
        ...

    def each_tensor(self, function: Callable[..., Any], x: Any) -> Any:
        """Apply `function(xp, array)` to each tensor in its own shape; the result broadcasts to a tensor's shape.

        A result with no axes is a scalar per tensor.
        """
        ...

    def each_matrix(self, function: Callable[..., Any], kinds: Sequence[Kind], result: Kind, *values: Any) -> Any:
        """Apply `function(xp, *arrays)` to each tensor's values, as (stacks of) matrices; scalars are numbers.

        Args:
            function: takes arrays (..., rows, columns), returns one.
            kinds: of the values.
            result: the kind of the result.
            *values: as stored.
        """
        ...


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table.

    Attributes:
        name: the name in program text.
        accepts: for each argument the kinds allowed.
        result: the kind of the result; None means that the arguments' kinds are joined, or looked up in `signatures`.
        description: one line of mathematics.
        elementwise: `f(xp, *arrays)`, for operations that act on each element alone.
        over_tree: `f(space, *values)`, for operations that look at more than an element.
        per_matrix: `f(xp, *arrays)` on (stacks of) matrices. Exactly one of the three is given.
        signatures: the kind of the result by the arguments' kinds, for operations to which the layout matters.
        symbol: infix operator, if it has one.
        aliases: other names that the parser accepts.
        group: `paper` for the 45 of the search space; `extended` and `matrix` for what known optimizers need besides;
            `syntax` for the copy that `y = x` is.
        commutative: f(x, y) = f(y, x).
        odd: f(-x) = -f(x).
        even: f(-x) = f(x).
        idempotent: f(f(x)) = f(x).
    """

    name: str
    accepts: tuple[tuple[Kind, ...], ...]
    result: Kind | None
    description: str
    elementwise: Callable[..., Any] | None = None
    over_tree: Callable[..., Any] | None = None
    per_matrix: Callable[..., Any] | None = None
    signatures: Mapping[tuple[Kind, ...], Kind] | None = None
    symbol: str | None = None
    aliases: tuple[str, ...] = ()
    group: str = "paper"
    commutative: bool = False
    odd: bool = False
    even: bool = False
    idempotent: bool = False
    arity: int = field(init=False)
    takes: tuple[tuple[bool, ...], ...] = field(init=False, repr=False)
    """`takes[i][kind]`: whether argument i may be of that kind."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arity", len(self.accepts))
        object.__setattr__(self, "takes", tuple(tuple(kind in kinds for kind in Kind) for kinds in self.accepts))

    def apply(self, space: Space, *values: Any, kinds: Sequence[Kind] = ()) -> Any:
        """Return the result of the operation on values stored as `space` stores them.

        Args:
            space: how the values are stored.
            *values: one for each argument.
            kinds: of the values; only operations on matrices need to know.
        """
        if self.elementwise is not None:
            return space.map(self.elementwise, *values)
        if self.over_tree is not None:
            return self.over_tree(space, *values)
        assert self.per_matrix is not None
        result = self.result_kind(*kinds)
        assert result is not None
        return space.each_matrix(self.per_matrix, kinds, result, *values)

    def result_kind(self, *kinds: Kind) -> Kind | None:
        """Return the kind of the result for arguments of these kinds; None if they do not fit together."""
        if self.result is not None:
            return self.result
        if self.signatures is not None:
            return self.signatures.get(kinds)
        joined: Kind | None = Kind.SCALAR
        for kind in kinds:
            if joined is None:
                return None
            joined = JOIN[joined][kind]
        return joined


ANY = tuple(Kind)
TENSOR = (Kind.TENSOR,)
SCALAR = (Kind.SCALAR,)


def constant(name: str, description: str, value: float) -> Operation:
    """Return a row for a number with a name."""
    return Operation(name, (), Kind.SCALAR, description, elementwise=lambda xp: value)


def unary(name: str, description: str, function: Callable[..., Any], **facts: Any) -> Operation:
    """Return a row for `f(xp, x)` on each element."""
    return Operation(name, (ANY,), None, description, elementwise=function, **facts)


def binary(name: str, description: str, function: Callable[..., Any], **facts: Any) -> Operation:
    """Return a row for `f(xp, x, y)` on each element."""
    return Operation(name, (ANY, ANY), None, description, elementwise=function, **facts)


def divide(xp: Any, x: Any, y: Any) -> Any:
    """Return x / y, and 0 where y is 0."""
    return xp.where(y == 0, 0.0, x / xp.where(y == 0, 1.0, y))


def square_root(xp: Any, x: Any) -> Any:
    """Return the square root of |x|."""
    return xp.sqrt(xp.abs(x))
