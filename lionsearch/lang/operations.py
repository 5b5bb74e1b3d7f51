"""The one table of operations: all that the system knows of an operation stands in its row.

The NumPy oracle, the JAX interpreter and compiler, kind inference, parser, printer, fingerprint and mutation read
this table; none of them names an operation. A row's meaning is written once, for any array library: `xp` is `numpy`
or `jax.numpy`, and a `Space` knows how values of the whole parameter tree are laid out.

Arithmetic is total: `x / 0 = 0`; `sqrt`, `log`, `log2` and `log10` act on `|x|`; `log1p` is `log|1 + x|`. Where the
mathematics has no value elsewhere (`arcsin(2)`, `power(-1, 0.5)`) the result is NaN, as in NumPy.

References: Chen et al. 2023, section 2.1 and appendix (the 45 functions of the search space).
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


class Kind(enum.IntEnum):
    """What a value is: one number, one number for each tensor of the tree, or a tree shaped like the weights."""

    SCALAR = 0
    PER_TENSOR = 1
    TENSOR = 2

    def __str__(self) -> str:
        return ("a scalar", "a scalar per tensor", "a tensor")[self]


class Space(Protocol):
    """How values of the parameter tree are stored, for operations that look at more than one element."""

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """Apply `function(xp, *arrays)` element by element, broadcasting scalars and scalars per tensor."""
        ...

    def tensor_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product of x and y in each tensor (a scalar per tensor)."""
        ...

    def tree_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product of x and y over the whole tree (a scalar)."""
        ...


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table.

    Attributes:
        name: the name in program text.
        accepts: for each argument the kinds allowed, as (narrowest, widest).
        result: the kind of the result; None means the widest kind among the arguments.
        description: one line of mathematics.
        elementwise: `f(xp, *arrays)`, for operations that act on each element alone.
        over_tree: `f(space, *values)`, for the others. Exactly one of the two is given.
        symbol: infix operator, if it has one.
        aliases: other names that the parser accepts.
        group: `paper` for the 45 of the search space, `extended` for the rest.
        commutative: f(x, y) = f(y, x).
        odd: f(-x) = -f(x).
        even: f(-x) = f(x).
        idempotent: f(f(x)) = f(x).
    """

    name: str
    accepts: tuple[tuple[Kind, Kind], ...]
    result: Kind | None
    description: str
    elementwise: Callable[..., Any] | None = None
    over_tree: Callable[..., Any] | None = None
    symbol: str | None = None
    aliases: tuple[str, ...] = ()
    group: str = "paper"
    commutative: bool = False
    odd: bool = False
    even: bool = False
    idempotent: bool = False
    arity: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arity", len(self.accepts))

    def apply(self, space: Space, *values: Any) -> Any:
        """Return the result of the operation on values stored as `space` stores them."""
        if self.elementwise is not None:
            return space.map(self.elementwise, *values)
        assert self.over_tree is not None
        return self.over_tree(space, *values)

    def result_kind(self, *kinds: Kind) -> Kind:
        """Return the kind of the result for arguments of these kinds."""
        return max(kinds, default=Kind.SCALAR) if self.result is None else self.result


_ANY = (Kind.SCALAR, Kind.TENSOR)
_TENSOR = (Kind.TENSOR, Kind.TENSOR)
_SCALAR = (Kind.SCALAR, Kind.SCALAR)


def _divide(xp: Any, x: Any, y: Any) -> Any:
    return xp.where(y == 0, 0.0, x / xp.where(y == 0, 1.0, y))


def _sqrt(xp: Any, x: Any) -> Any:
    return xp.sqrt(xp.abs(x))


def _log1p(xp: Any, x: Any) -> Any:
    return xp.where(x > -1, xp.log1p(xp.maximum(x, -1.0)), xp.log(xp.abs(1.0 + x)))  # exact near 0


def _multiply(xp: Any, x: Any, y: Any) -> Any:
    return x * y


def _clip_factor(xp: Any, norm: Any, limit: Any) -> Any:
    return xp.where(norm <= limit, 1.0, _divide(xp, limit, norm))


def _global_norm(space: Space, x: Any) -> Any:
    return space.map(_sqrt, space.tree_dot(x, x))


def _cosine_similarity(space: Space, x: Any, y: Any) -> Any:
    norms = space.map(_multiply, _global_norm(space, x), _global_norm(space, y))
    return space.map(_divide, space.tree_dot(x, y), norms)


def _clip(space: Space, x: Any, limit: Any) -> Any:
    return space.map(_multiply, space.map(_clip_factor, _global_norm(space, x), limit), x)


def _constant(name: str, description: str, value: float) -> Operation:
    return Operation(name, (), Kind.SCALAR, description, elementwise=lambda xp: value)


def _unary(name: str, description: str, function: Callable[..., Any], **facts: Any) -> Operation:
    return Operation(name, (_ANY,), None, description, elementwise=function, **facts)


def _binary(name: str, description: str, function: Callable[..., Any], **facts: Any) -> Operation:
    return Operation(name, (_ANY, _ANY), None, description, elementwise=function, **facts)


_ROWS = (
    # constants
    _constant("get_pi", "pi", math.pi),
    _constant("get_e", "e", math.e),
    _constant("get_eps", "1e-8", 1e-8),
    # one argument
    _unary("abs", "|x|", lambda xp, x: xp.abs(x), even=True, idempotent=True),
    _unary("cos", "cos x", lambda xp, x: xp.cos(x), even=True),
    _unary("sin", "sin x", lambda xp, x: xp.sin(x), odd=True),
    _unary("tan", "tan x", lambda xp, x: xp.tan(x), odd=True),
    _unary("arcsin", "arcsin x, NaN outside [-1, 1]", lambda xp, x: xp.arcsin(x), odd=True),
    _unary("arccos", "arccos x, NaN outside [-1, 1]", lambda xp, x: xp.arccos(x)),
    _unary("arctan", "arctan x", lambda xp, x: xp.arctan(x), odd=True),
    _unary("sinh", "sinh x", lambda xp, x: xp.sinh(x), odd=True),
    _unary("cosh", "cosh x", lambda xp, x: xp.cosh(x), even=True),
    _unary("tanh", "tanh x", lambda xp, x: xp.tanh(x), odd=True),
    _unary("arcsinh", "arcsinh x", lambda xp, x: xp.arcsinh(x), odd=True),
    _unary("arccosh", "arccosh x, NaN below 1", lambda xp, x: xp.arccosh(x)),
    _unary("arctanh", "arctanh x, NaN outside [-1, 1]", lambda xp, x: xp.arctanh(x), odd=True),
    _unary("exp", "e^x", lambda xp, x: xp.exp(x)),
    _unary("exp2", "2^x", lambda xp, x: xp.exp2(x)),
    _unary("exp10", "10^x", lambda xp, x: xp.power(10.0, x)),
    _unary("expm1", "e^x - 1", lambda xp, x: xp.expm1(x)),
    _unary("log", "log|x|", lambda xp, x: xp.log(xp.abs(x)), even=True),
    _unary("log10", "log10|x|", lambda xp, x: xp.log10(xp.abs(x)), even=True),
    _unary("log2", "log2|x|", lambda xp, x: xp.log2(xp.abs(x)), even=True),
    _unary("log1p", "log|1 + x|", _log1p),
    _unary("square", "x^2", lambda xp, x: x * x, even=True),
    _unary("sqrt", "sqrt|x|", _sqrt, even=True),
    _unary("cube", "x^3", lambda xp, x: x * x * x, odd=True),
    _unary("cbrt", "the real cube root of x", lambda xp, x: xp.cbrt(x), odd=True),
    _unary("sign", "-1, 0 or 1", lambda xp, x: xp.sign(x), odd=True, idempotent=True),
    _unary("reciprocal", "1 / x, 0 at 0", lambda xp, x: _divide(xp, 1.0, x), odd=True),
    Operation(
        "norm",
        (_TENSOR,),
        Kind.PER_TENSOR,
        "the Euclidean norm of each tensor",
        over_tree=lambda space, x: space.map(_sqrt, space.tensor_dot(x, x)),
        even=True,
    ),
    _unary(
        "invert", "-x - 1: bitwise not (~n = -n - 1) carried from the integers to the reals", lambda xp, x: -x - 1.0
    ),
    _unary("negative", "-x", lambda xp, x: -x, odd=True),
    # the whole tree, and more arguments
    Operation(
        "global_norm",
        (_TENSOR,),
        Kind.SCALAR,
        "the Euclidean norm of the whole tree",
        over_tree=_global_norm,
        even=True,
    ),
    Operation(
        "interp",
        (_ANY, _ANY, _ANY),
        None,
        "(1 - a) x + a y",
        elementwise=lambda xp, x, y, a: (1.0 - a) * x + a * y,
        aliases=("interpolate",),
    ),
    Operation(
        "dot",
        (_TENSOR, _TENSOR),
        Kind.SCALAR,
        "the inner product over the whole tree",
        over_tree=lambda space, x, y: space.tree_dot(x, y),
        commutative=True,
    ),
    Operation(
        "cosine_sim",
        (_TENSOR, _TENSOR),
        Kind.SCALAR,
        "dot(x, y) / (global_norm(x) global_norm(y))",
        over_tree=_cosine_similarity,
        commutative=True,
    ),
    Operation(
        "clip",
        (_TENSOR, _SCALAR),
        Kind.TENSOR,
        "x scaled so that its global norm is at most a",
        over_tree=_clip,
        aliases=("clip_by_global_norm",),
    ),
    _binary("power", "x^y, NaN for a negative x and a fractional y", lambda xp, x, y: xp.power(x, y), symbol="**"),
    # arithmetic
    _binary("add", "x + y", lambda xp, x, y: x + y, symbol="+", commutative=True),
    _binary("subtract", "x - y", lambda xp, x, y: x - y, symbol="-"),
    _binary("multiply", "x y", _multiply, symbol="*", commutative=True),
    _binary("divide", "x / y, 0 at y = 0", _divide, symbol="/"),
    _binary("maximum", "the larger of x and y", lambda xp, x, y: xp.maximum(x, y), commutative=True, aliases=("max",)),
    _binary("minimum", "the smaller of x and y", lambda xp, x, y: xp.minimum(x, y), commutative=True, aliases=("min",)),
    # beyond the paper
    Operation(
        "copy",
        (_ANY,),
        None,
        "x itself, written `y = x`",
        elementwise=lambda xp, x: x,
        group="extended",
        odd=True,
        idempotent=True,
    ),
)

OPERATIONS: dict[str, Operation] = {row.name: row for row in _ROWS}
"""All operations by name, in the order of the table."""

PAPER_OPERATIONS: tuple[str, ...] = tuple(row.name for row in _ROWS if row.group == "paper")
"""The names of the 45 functions of the paper's search space."""

ALIASES: dict[str, str] = {alias: row.name for row in _ROWS for alias in row.aliases}
"""Other accepted spellings, to the name in the table."""

SYMBOLS: dict[str, str] = {row.symbol: row.name for row in _ROWS if row.symbol is not None}
"""Infix operators, to the name in the table."""
