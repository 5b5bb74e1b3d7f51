"""What a row of the table of operations says: names, kinds, meaning, algebraic facts, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from lionsearch.lang.facts import Scaling, Shortcut, Sign, Spelling
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
        range: what every result is.
        keeps_sign: sets of arguments; where all of one set are not negative, neither is the result.
        selects: the result is one of these arguments, element by element.
        scalings: what a constant factor of arguments does to the result.
        power: (odd, p) of f(x) = sign(x)^odd |x|^p, 0 at 0.
        formula: parameters and text of an equal formula in other operations, in which algebra computes.
        shape_only: f(x) = f(w): the result depends on the tensor's shape alone.
        averages: the result for equal numbers is that number.
        view: whether PyTorch gives a view of the argument, which changes with it.
        decomposes: each application costs a decomposition of matrices.
        as_matrix: a vector has to be a stack of 1 x 1 matrices for it.
        oriented: which axis the inputs are on counts, so that PyTorch's weights (out, in, ...) are taken for (in, out).
        expansion: what an export has instead: steps in other operations, each with the end of its name, the operation,
            and its arguments (this operation's are x and y); the last one is the result.
        spelling: how it is written in JAX and PyTorch; a function of the library by this name if None.
        torch: in PyTorch, where that differs.
        shortcut: where less will do.
        boolean: whether the libraries answer with True or False.
        formal: the sympy expression, of sympy and the arguments; or a template in LaTeX, in which `{0:c}` asks for
            parentheses around all but symbols and numbers, `{0:s}` around sums and products.
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
    range: Sign = Sign.UNKNOWN
    keeps_sign: tuple[tuple[int, ...], ...] = ()
    selects: tuple[int, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    power: tuple[bool, Fraction] | None = None
    formula: tuple[str, str] | None = None
    shape_only: bool = False
    averages: bool = False
    view: bool = False
    decomposes: bool = False
    as_matrix: bool = False
    oriented: bool = False
    expansion: tuple[tuple[str, str, tuple[str | float, ...]], ...] = ()
    spelling: Spelling | None = None
    torch: Spelling | None = None
    shortcut: Shortcut | None = None
    boolean: bool = False
    formal: Callable[..., Any] | str | None = None
    arity: int = field(init=False)
    takes: tuple[tuple[bool, ...], ...] = field(init=False, repr=False)
    """`takes[i][kind]`: whether argument i may be of that kind."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arity", len(self.accepts))
        object.__setattr__(self, "takes", tuple(tuple(kind in kinds for kind in Kind) for kinds in self.accepts))

    @property
    def sums_tree(self) -> bool:
        """Whether it makes one number of all tensors."""
        return self.over_tree is not None and self.result is Kind.SCALAR

    def sign(self, signs: Sequence[Sign]) -> Sign:
        """Return what is known of the result from what is known of the arguments.

        Examples:
            >>> from lionsearch.lang import OPERATIONS
            >>> OPERATIONS["maximum"].sign([Sign.UNKNOWN, Sign.POSITIVE]).name, OPERATIONS["exp"].sign([Sign(0)]).name
            ('POSITIVE', 'NOT_NEGATIVE')
        """
        kept = max((min(signs[i] for i in arguments) for arguments in self.keeps_sign), default=Sign.UNKNOWN)
        return max(self.range, kept if self.selects else min(kept, Sign.NOT_NEGATIVE))  # a sum may underflow to 0

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
