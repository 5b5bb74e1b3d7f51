"""The 45 functions of the paper's search space (Chen et al. 2023, section 2.1 and appendix), as rows of the table."""

from __future__ import annotations

import math
from typing import Any

from lionsearch.lang.kinds import Kind
from lionsearch.lang.operation import (
    ANY,
    SCALAR,
    TENSOR,
    Operation,
    Space,
    binary,
    constant,
    divide,
    square_root,
    unary,
)


def _log1p(xp: Any, x: Any) -> Any:
    return xp.where(x > -1, xp.log1p(xp.maximum(x, -1.0)), xp.log(xp.abs(1.0 + x)))  # exact near 0


def _multiply(xp: Any, x: Any, y: Any) -> Any:
    return x * y


def _clip_factor(xp: Any, norm: Any, limit: Any) -> Any:
    return xp.where(norm <= limit, 1.0, divide(xp, limit, norm))


def _global_norm(space: Space, x: Any) -> Any:
    return space.map(square_root, space.tree_dot(x, x))


def _cosine_similarity(space: Space, x: Any, y: Any) -> Any:
    norms = space.map(_multiply, _global_norm(space, x), _global_norm(space, y))
    return space.map(divide, space.tree_dot(x, y), norms)


def _clip(space: Space, x: Any, limit: Any) -> Any:
    return space.map(_multiply, space.map(_clip_factor, _global_norm(space, x), limit), x)


PAPER_ROWS = (
    # constants
    constant("get_pi", "pi", math.pi),
    constant("get_e", "e", math.e),
    constant("get_eps", "1e-8", 1e-8),
    # one argument
    unary("abs", "|x|", lambda xp, x: xp.abs(x), even=True, idempotent=True),
    unary("cos", "cos x", lambda xp, x: xp.cos(x), even=True),
    unary("sin", "sin x", lambda xp, x: xp.sin(x), odd=True),
    unary("tan", "tan x", lambda xp, x: xp.tan(x), odd=True),
    unary("arcsin", "arcsin x, NaN outside [-1, 1]", lambda xp, x: xp.arcsin(x), odd=True),
    unary("arccos", "arccos x, NaN outside [-1, 1]", lambda xp, x: xp.arccos(x)),
    unary("arctan", "arctan x", lambda xp, x: xp.arctan(x), odd=True),
    unary("sinh", "sinh x", lambda xp, x: xp.sinh(x), odd=True),
    unary("cosh", "cosh x", lambda xp, x: xp.cosh(x), even=True),
    unary("tanh", "tanh x", lambda xp, x: xp.tanh(x), odd=True),
    unary("arcsinh", "arcsinh x", lambda xp, x: xp.arcsinh(x), odd=True),
    unary("arccosh", "arccosh x, NaN below 1", lambda xp, x: xp.arccosh(x)),
    unary("arctanh", "arctanh x, NaN outside [-1, 1]", lambda xp, x: xp.arctanh(x), odd=True),
    unary("exp", "e^x", lambda xp, x: xp.exp(x)),
    unary("exp2", "2^x", lambda xp, x: xp.exp2(x)),
    unary("exp10", "10^x", lambda xp, x: xp.power(10.0, x)),
    unary("expm1", "e^x - 1", lambda xp, x: xp.expm1(x)),
    unary("log", "log|x|", lambda xp, x: xp.log(xp.abs(x)), even=True),
    unary("log10", "log10|x|", lambda xp, x: xp.log10(xp.abs(x)), even=True),
    unary("log2", "log2|x|", lambda xp, x: xp.log2(xp.abs(x)), even=True),
    unary("log1p", "log|1 + x|", _log1p),
    unary("square", "x^2", lambda xp, x: x * x, even=True),
    unary("sqrt", "sqrt|x|", square_root, even=True),
    unary("cube", "x^3", lambda xp, x: x * x * x, odd=True),
    unary("cbrt", "the real cube root of x", lambda xp, x: xp.cbrt(x), odd=True),
    unary("sign", "-1, 0 or 1", lambda xp, x: xp.sign(x), odd=True, idempotent=True),
    unary("reciprocal", "1 / x, 0 at 0", lambda xp, x: divide(xp, 1.0, x), odd=True),
    Operation(
        "norm",
        (TENSOR,),
        Kind.PER_TENSOR,
        "the Euclidean norm of each tensor",
        over_tree=lambda space, x: space.map(square_root, space.tensor_dot(x, x)),
        even=True,
    ),
    unary("invert", "-x - 1: bitwise not (~n = -n - 1) carried from the integers to the reals", lambda xp, x: -x - 1.0),
    unary("negative", "-x", lambda xp, x: -x, odd=True),
    # the whole tree, and more arguments
    Operation(
        "global_norm",
        (TENSOR,),
        Kind.SCALAR,
        "the Euclidean norm of the whole tree",
        over_tree=_global_norm,
        even=True,
    ),
    Operation(
        "interp",
        (ANY, ANY, ANY),
        None,
        "(1 - a) x + a y",
        elementwise=lambda xp, x, y, a: (1.0 - a) * x + a * y,
        aliases=("interpolate",),
    ),
    Operation(
        "dot",
        (TENSOR, TENSOR),
        Kind.SCALAR,
        "the inner product over the whole tree",
        over_tree=lambda space, x, y: space.tree_dot(x, y),
        commutative=True,
    ),
    Operation(
        "cosine_sim",
        (TENSOR, TENSOR),
        Kind.SCALAR,
        "dot(x, y) / (global_norm(x) global_norm(y))",
        over_tree=_cosine_similarity,
        commutative=True,
    ),
    Operation(
        "clip",
        (TENSOR, SCALAR),
        Kind.TENSOR,
        "x scaled so that its global norm is at most a",
        over_tree=_clip,
        aliases=("clip_by_global_norm",),
    ),
    binary("power", "x^y, NaN for a negative x and a fractional y", lambda xp, x, y: xp.power(x, y), symbol="**"),
    # arithmetic
    binary("add", "x + y", lambda xp, x, y: x + y, symbol="+", commutative=True),
    binary("subtract", "x - y", lambda xp, x, y: x - y, symbol="-"),
    binary("multiply", "x y", _multiply, symbol="*", commutative=True),
    binary("divide", "x / y, 0 at y = 0", divide, symbol="/"),
    binary("maximum", "the larger of x and y", lambda xp, x, y: xp.maximum(x, y), commutative=True, aliases=("max",)),
    binary("minimum", "the smaller of x and y", lambda xp, x, y: xp.minimum(x, y), commutative=True, aliases=("min",)),
)
