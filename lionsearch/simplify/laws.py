"""The algebra of the language as data: each row is a law that holds for all finite numbers, 0 included.

A test draws numbers for every row and compares both sides, computed by NumPy. Odd, even and commutative operations
stand in the table of operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

POWERS: dict[str, tuple[bool, Fraction]] = {
    "abs": (False, Fraction(1)),  # |x|
    "square": (False, Fraction(2)),  # |x|^2
    "sqrt": (False, Fraction(1, 2)),  # |x|^(1/2)
    "sign": (True, Fraction(0)),  # sign(x) |x|^0
    "cube": (True, Fraction(3)),  # sign(x) |x|^3
    "cbrt": (True, Fraction(1, 3)),  # sign(x) |x|^(1/3)
    "reciprocal": (True, Fraction(-1)),  # sign(x) |x|^(-1), 0 at 0
}
"""f(x) = sign(x)^odd |x|^p, by (odd, p)."""

DEFINITIONS: dict[str, tuple[str, str]] = {
    "copy": ("x", "x"),
    "negative": ("x", "-1 * x"),
    "invert": ("x", "-1 * x + -1"),
    "subtract": ("x y", "x + -1 * y"),
    "divide": ("x y", "x * reciprocal(y)"),
    "interp": ("x y a", "(1 + -1 * a) * x + a * y"),
}
"""f(arguments) = a formula in other operations; `interp` only where `a` is a constant, or formulas would only grow."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """f(k x, ...) = k^degree f(x, ...) for k > 0, where k multiplies each of these arguments.

    Attributes:
        arguments: their positions.
        degree: 0 or 1.
        odd: whether it holds for k < 0 too, with degree 1 or as sign(k).
    """

    arguments: tuple[int, ...]
    degree: int
    odd: bool = False


SCALINGS: dict[str, tuple[Scaling, ...]] = {
    **{name: (Scaling((0,), 1),) for name in ("norm", "global_norm", "unit_norm")},
    **{
        name: (Scaling((0,), 1, odd=True),)
        for name in ("sum", "mean", "global_sum", "row_mean", "column_mean", "transpose")
    },
    **{name: (Scaling((0,), 1, odd=True), Scaling((1,), 1, odd=True)) for name in ("dot", "matmul")},
    "cosine_sim": (Scaling((0,), 0, odd=True), Scaling((1,), 0, odd=True)),
    "orthogonalize": (Scaling((0,), 0, odd=True),),
    **{name: (Scaling((0,), 0),) for name in ("eigenvectors", "orthonormal")},
    "eye": (Scaling((0,), 0),),
    **{name: (Scaling((0, 1), 1),) for name in ("maximum", "minimum", "clip", "mod")},
    "clamp": (Scaling((0, 1, 2), 1),),
    "where": (Scaling((1, 2), 1, odd=True),),
    **{
        name: (Scaling((0, 1), 0),)
        for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "arctan2")
    },
}
"""What a constant factor of arguments does to the result."""

SAME_TWICE = {"maximum": (0, 1), "minimum": (0, 1), "where": (1, 2)}
"""f is x where both of these arguments are x."""

SHAPE_ONLY = frozenset({"size", "rows", "columns", "dimensions"})
"""f(x) = f(w): every tensor has the shape of its weights."""

POSITIVE = frozenset({"cosh", "size", "rows", "columns"})
"""f(x) > 0, in any float: `exp` is not among them, since it underflows to 0."""

NONNEGATIVE = frozenset(
    {"exp", "exp2", "exp10", "norm", "global_norm", "unit_norm", "arccos", "arccosh", "dimensions"}
    | {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}
)
"""f(x) >= 0."""

MONOTONE = {"sum": (0,), "mean": (0,), "global_sum": (0,), "row_mean": (0,), "column_mean": (0,), "where": (1, 2)} | {
    "minimum": (0, 1),
    "transpose": (0,),
}
"""f >= 0 where all of these arguments are; `maximum` needs just one of its two."""
