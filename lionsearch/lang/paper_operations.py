"""The 45 functions of the paper's search space (Chen et al. 2023, section 2.1 and appendix), as rows of the table."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from lionsearch.lang.facts import BILINEAR, HOMOGENEOUS, Scaling, Shortcut, Sign, Spelling
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


def _function(name: str, formal: str, domain: str = "", **facts: Any) -> Operation:
    """Return a row for a function that NumPy, JAX and PyTorch have by this name, and sympy by another."""

    def compute(xp: Any, x: Any) -> Any:
        return getattr(xp, name)(x)

    return unary(name, f"{name} x{domain}", compute, formal=lambda sp, x: getattr(sp, formal)(x), **facts)


def _formal_abs(sp: Any, x: Any) -> Any:
    """Return |x| for sympy; x keeps its sign, so that 1 - b^t is not turned round."""
    return sp.Abs(x) if x.is_number else sp.Abs(x, evaluate=False)


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


_COSINE_SIM_STEPS = (
    ("norm", "global_norm", ("x",)),
    ("norm_2", "global_norm", ("y",)),
    ("norms", "multiply", ("norm", "norm_2")),
    ("dot", "dot", ("x", "y")),
    ("", "divide", ("dot", "norms")),
)

_CLIP_STEPS = (
    ("norm", "global_norm", ("x",)),
    ("within", "less_equal", ("norm", "y")),
    ("ratio", "divide", ("y", "norm")),
    ("factor", "where", ("within", 1.0, "ratio")),
    ("", "multiply", ("factor", "x")),
)

# fmt: off
PAPER_ROWS = (
    # constants
    constant("get_pi", "pi", math.pi),
    constant("get_e", "e", math.e),
    constant("get_eps", "1e-8", 1e-8),
    # one argument
    unary("abs", "|x|", lambda xp, x: xp.abs(x), even=True, range=Sign.NOT_NEGATIVE,
        power=(False, Fraction(1)), formal=_formal_abs),
    _function("cos", "cos", even=True),
    _function("sin", "sin", odd=True),
    _function("tan", "tan", odd=True),
    _function("arcsin", "asin", ", NaN outside [-1, 1]", odd=True),
    _function("arccos", "acos", ", NaN outside [-1, 1]", range=Sign.NOT_NEGATIVE),
    _function("arctan", "atan", odd=True),
    _function("sinh", "sinh", odd=True),
    _function("cosh", "cosh", even=True, range=Sign.POSITIVE),
    _function("tanh", "tanh", odd=True),
    _function("arcsinh", "asinh", odd=True),
    _function("arccosh", "acosh", ", NaN below 1", range=Sign.NOT_NEGATIVE),
    _function("arctanh", "atanh", ", NaN outside [-1, 1]", odd=True),
    # e^x is not above 0 in floats: it underflows
    unary("exp", "e^x", lambda xp, x: xp.exp(x), range=Sign.NOT_NEGATIVE, formal=lambda sp, x: sp.exp(x)),
    unary("exp2", "2^x", lambda xp, x: xp.exp2(x), range=Sign.NOT_NEGATIVE, formal=lambda sp, x: sp.Integer(2) ** x),
    unary("exp10", "10^x", lambda xp, x: xp.power(10.0, x), range=Sign.NOT_NEGATIVE, spelling=Spelling("_exp10(x)"),
        formal=lambda sp, x: sp.Integer(10) ** x),
    unary("expm1", "e^x - 1", lambda xp, x: xp.expm1(x), formal=lambda sp, x: sp.exp(x) - 1),
    unary("log", "log|x|", lambda xp, x: xp.log(xp.abs(x)), even=True, spelling=Spelling("LIB.log(LIB.abs(x))"),
        formal=lambda sp, x: sp.log(_formal_abs(sp, x))),
    unary("log10", "log10|x|", lambda xp, x: xp.log10(xp.abs(x)), even=True,
        spelling=Spelling("LIB.log10(LIB.abs(x))"), formal=r"\log_{{10}}\left(\left|{{{0}}}\right|\right)"),
    unary("log2", "log2|x|", lambda xp, x: xp.log2(xp.abs(x)), even=True, spelling=Spelling("LIB.log2(LIB.abs(x))"),
        formal=r"\log_2\left(\left|{{{0}}}\right|\right)"),
    unary("log1p", "log|1 + x|", _log1p, spelling=Spelling("_log1p(x)"),
        formal=lambda sp, x: sp.log(_formal_abs(sp, 1 + x))),
    unary("square", "x^2", lambda xp, x: x * x, even=True, range=Sign.NOT_NEGATIVE, power=(False, Fraction(2)),
        formal=lambda sp, x: x**2),
    unary("sqrt", "sqrt|x|", square_root, even=True, range=Sign.NOT_NEGATIVE, power=(False, Fraction(1, 2)),
        spelling=Spelling("LIB.sqrt(LIB.abs(x))"),
        shortcut=Shortcut(0, Sign.NOT_NEGATIVE, Spelling("LIB.sqrt(x)")),
        formal=lambda sp, x: sp.sqrt(_formal_abs(sp, x))),
    unary("cube", "x^3", lambda xp, x: x * x * x, odd=True, keeps_sign=((0,),), power=(True, Fraction(3)),
        spelling=Spelling("x ** 3"), formal=lambda sp, x: x**3),
    unary("cbrt", "the real cube root of x", lambda xp, x: xp.cbrt(x), odd=True, keeps_sign=((0,),),
        power=(True, Fraction(1, 3)), torch=Spelling("_cbrt(x)"), formal=r"\sqrt[3]{{{0}}}"),
    unary("sign", "-1, 0 or 1", lambda xp, x: xp.sign(x), odd=True, power=(True, Fraction(0))),
    unary("reciprocal", "1 / x, 0 at 0", lambda xp, x: divide(xp, 1.0, x), odd=True, power=(True, Fraction(-1)),
        spelling=Spelling("_divide(1.0, x)"), shortcut=Shortcut(0, Sign.POSITIVE, Spelling("1 / x")),
        formal=lambda sp, x: 1 / x),
    Operation("norm", (TENSOR,), Kind.PER_TENSOR, "the Euclidean norm of each tensor",
        over_tree=lambda space, x: space.map(square_root, space.tensor_dot(x, x)), even=True, range=Sign.NOT_NEGATIVE,
        scalings=HOMOGENEOUS, spelling=Spelling("LIB.linalg.norm(x)"), torch=Spelling("_norm(x)"),
        formal=r"\left\lVert {0} \right\rVert"),
    unary("invert", "-x - 1: bitwise not (~n = -n - 1) carried from the integers to the reals", lambda xp, x: -x - 1.0,
        formula=("x", "-1 * x + -1"), spelling=Spelling("-x - 1", plain=True), formal=lambda sp, x: -x - 1),
    unary("negative", "-x", lambda xp, x: -x, odd=True, formula=("x", "-1 * x"),
        spelling=Spelling("-x", plain=True), formal=lambda sp, x: -x),
    # the whole tree, and more arguments
    Operation("global_norm", (TENSOR,), Kind.SCALAR, "the Euclidean norm of the whole tree", over_tree=_global_norm,
        even=True, range=Sign.NOT_NEGATIVE, scalings=HOMOGENEOUS, spelling=Spelling("_global_norm(x)"),
        formal=r"\left\lVert {0} \right\rVert_{{\mathrm{{all}}}}"),
    Operation("interp", (ANY, ANY, ANY), None, "(1 - a) x + a y",
        elementwise=lambda xp, x, y, a: (1.0 - a) * x + a * y, aliases=("interpolate",),
        formula=("x y a", "(1 + -1 * a) * x + a * y"),
        spelling=Spelling("(1 - z) * x + z * y", plain=True),
        formal=lambda sp, x, y, a: a * y + (1 - a) * x),
    Operation("dot", (TENSOR, TENSOR), Kind.SCALAR, "the inner product over the whole tree",
        over_tree=lambda space, x, y: space.tree_dot(x, y), commutative=True, scalings=BILINEAR,
        spelling=Spelling("_dot(x, y)"), formal=r"\left\langle {0}, {1} \right\rangle"),
    Operation("cosine_sim", (TENSOR, TENSOR), Kind.SCALAR, "dot(x, y) / (global_norm(x) global_norm(y))",
        over_tree=_cosine_similarity, commutative=True,
        scalings=(Scaling((0,), 0, odd=True), Scaling((1,), 0, odd=True)), expansion=_COSINE_SIM_STEPS),
    Operation("clip", (TENSOR, SCALAR), Kind.TENSOR, "x scaled so that its global norm is at most a", over_tree=_clip,
        aliases=("clip_by_global_norm",), scalings=(Scaling((0, 1), 1),), expansion=_CLIP_STEPS),
    binary("power", "x^y, NaN for a negative x and a fractional y", lambda xp, x, y: xp.power(x, y), symbol="**",
        spelling=Spelling("x ** y"), formal=lambda sp, x, y: x**y),
    # arithmetic
    binary("add", "x + y", lambda xp, x, y: x + y, symbol="+", commutative=True,
        spelling=Spelling("x + y", plain=True), formal=lambda sp, x, y: x + y),
    binary("subtract", "x - y", lambda xp, x, y: x - y, symbol="-", formula=("x y", "x + -1 * y"),
        spelling=Spelling("x - y", plain=True), formal=lambda sp, x, y: x - y),
    binary("multiply", "x y", _multiply, symbol="*", commutative=True,
        spelling=Spelling("x * y", plain=True), formal=lambda sp, x, y: x * y),
    binary("divide", "x / y, 0 at y = 0", divide, symbol="/", formula=("x y", "x * reciprocal(y)"),
        spelling=Spelling("_divide(x, y)", tensors=(1,)),
        shortcut=Shortcut(1, Sign.POSITIVE, Spelling("x / y")),
        formal=lambda sp, x, y: x / y if y != 0 else sp.Integer(0)),
    binary("maximum", "the larger of x and y", lambda xp, x, y: xp.maximum(x, y), commutative=True, aliases=("max",),
        keeps_sign=((0,), (1,)), selects=(0, 1), scalings=(Scaling((0, 1), 1),),
        torch=Spelling("LIB.maximum(x, y)", tensors=(0, 1)), formal=r"\max\left({0}, {1}\right)"),
    binary("minimum", "the smaller of x and y", lambda xp, x, y: xp.minimum(x, y), commutative=True, aliases=("min",),
        keeps_sign=((0, 1),), selects=(0, 1), scalings=(Scaling((0, 1), 1),),
        torch=Spelling("LIB.minimum(x, y)", tensors=(0, 1)), formal=r"\min\left({0}, {1}\right)"),
)
# fmt: on
