"""What known optimizers need beyond the paper's 45 functions: comparisons and choice, reductions, matrices.

None of it is in the default search set; an experiment adds any of it by name. Comparisons give 1 or 0, and `where`
takes any number but 0 for true; what it does not choose may be NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lionsearch.lang.facts import (
    BILINEAR,
    HOMOGENEOUS,
    LINEAR,
    SCALE_FREE,
    Scaling,
    Sign,
    Spelling,
)
from lionsearch.lang.kinds import Kind
from lionsearch.lang.operation import (
    ANY,
    TENSOR,
    Operation,
    Space,
    binary,
    divide,
    square_root,
    unary,
)

_LEFT, _RIGHT, _TENSOR, _TRANSPOSED = Kind.LEFT, Kind.RIGHT, Kind.TENSOR, Kind.TRANSPOSED
_SQUARES = (_LEFT, _RIGHT)
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of Muon's quintic iteration (Jordan et al. 2024)."""


def _compare(
    name: str, symbol: str, description: str, function: Callable[..., Any], relation: str, **facts: Any
) -> Operation:
    def compare(xp: Any, x: Any, y: Any) -> Any:
        return xp.asarray(function(x, y), xp.result_type(x, y))

    return binary(
        name,
        description,
        compare,
        symbol=symbol,
        group="extended",
        range=Sign.NOT_NEGATIVE,
        scalings=(Scaling((0, 1), 0),),
        spelling=Spelling(f"x {symbol} y"),
        boolean=True,
        formal=lambda sp, x, y: getattr(sp, relation)(x, y, evaluate=False),
        **facts,
    )


def _formal_where(sp: Any, condition: Any, x: Any, y: Any) -> Any:
    test = condition if condition.is_Relational else sp.Ne(condition, 0, evaluate=False)
    return sp.Piecewise((x, test), (y, True), evaluate=False)


def _modulo(xp: Any, x: Any, y: Any) -> Any:
    return xp.where(y == 0, 0.0, xp.mod(x, xp.where(y == 0, 1.0, y)))


def _unit_norm(xp: Any, x: Any) -> Any:
    axes = tuple(range(x.ndim - 1)) if x.ndim > 1 else None
    return square_root(xp, xp.sum(x * x, axis=axes, keepdims=True)) + xp.zeros_like(x)


def _over_tensor(
    name: str, description: str, function: Callable[..., Any], result: Kind = Kind.PER_TENSOR, **facts: Any
) -> Operation:
    def apply(space: Space, x: Any) -> Any:
        return space.each_tensor(function, x)

    return Operation(name, (TENSOR,), result, description, over_tree=apply, group="extended", **facts)


def _global_sum(space: Space, x: Any) -> Any:
    return space.tree_dot(x, space.map(lambda xp, x: xp.ones_like(x), x))


def _orthogonalize(xp: Any, x: Any) -> Any:
    a, b, c = NEWTON_SCHULZ
    x = divide(xp, x, square_root(xp, xp.sum(x * x, axis=(-2, -1), keepdims=True)))
    wide = x.shape[-1] > x.shape[-2]
    identity = xp.eye(min(x.shape[-2:]), dtype=x.dtype)
    for _ in range(5):
        flipped = xp.swapaxes(x, -2, -1)
        if wide:
            gram = xp.matmul(x, flipped)
            x = xp.matmul(a * identity + b * gram + c * xp.matmul(gram, gram), x)
        else:  # the same polynomial, from the smaller side
            gram = xp.matmul(flipped, x)
            x = xp.matmul(x, a * identity + b * gram + c * xp.matmul(gram, gram))
    return x


def _eigh(xp: Any, x: Any) -> tuple[Any, Any]:
    """Return eigenvalues and eigenvectors of (x + x^T) / 2; all NaN where x is not finite, at which NumPy raises."""
    x = 0.5 * x + 0.5 * xp.swapaxes(x, -2, -1)
    finite = xp.all(xp.isfinite(x), axis=(-2, -1), keepdims=True)
    values, vectors = xp.linalg.eigh(xp.where(finite, x, 0.0))
    return xp.where(finite[..., 0], values, xp.nan), xp.where(finite, vectors, xp.nan)


def _inverse_root(xp: Any, x: Any, p: Any) -> Any:
    values, vectors = _eigh(xp, x)
    outside = values <= 0  # a NaN stays one
    roots = xp.where(outside, 0.0, xp.power(xp.where(outside, 1.0, values), divide(xp, -1.0, p)))
    return xp.matmul(vectors * roots[..., None, :], xp.swapaxes(vectors, -2, -1))


def _matrix(
    name: str,
    description: str,
    function: Callable[..., Any],
    signatures: Any,
    oriented: bool = True,
    **facts: Any,
) -> Operation:
    accepts = tuple(tuple(dict.fromkeys(kinds)) for kinds in zip(*signatures, strict=True))
    return Operation(
        name,
        accepts,
        None,
        description,
        per_matrix=function,
        signatures=signatures,
        group="matrix",
        as_matrix=True,
        oriented=oriented,
        **facts,
    )


_PRODUCTS = {
    (_TENSOR, _TRANSPOSED): _LEFT,
    (_TRANSPOSED, _TENSOR): _RIGHT,
    (_LEFT, _TENSOR): _TENSOR,
    (_TENSOR, _RIGHT): _TENSOR,
    (_LEFT, _LEFT): _LEFT,
    (_RIGHT, _RIGHT): _RIGHT,
    (_RIGHT, _TRANSPOSED): _TRANSPOSED,
    (_TRANSPOSED, _LEFT): _TRANSPOSED,
}

# fmt: off
EXTENDED_ROWS = (
    unary("copy", "x itself, written `y = x`", lambda xp, x: x, group="syntax", odd=True,
        keeps_sign=((0,),), selects=(0,), formula=("x", "x")),
    # comparisons and choice
    _compare("less", "<", "1 where x < y, else 0", lambda x, y: x < y, "Lt"),
    _compare("less_equal", "<=", "1 where x <= y, else 0", lambda x, y: x <= y, "Le"),
    _compare("greater", ">", "1 where x > y, else 0", lambda x, y: x > y, "Gt"),
    _compare("greater_equal", ">=", "1 where x >= y, else 0", lambda x, y: x >= y, "Ge"),
    _compare("equal", "==", "1 where x = y, else 0", lambda x, y: x == y, "Eq", commutative=True),
    _compare("not_equal", "!=", "1 where x differs from y, else 0", lambda x, y: x != y, "Ne", commutative=True),
    Operation("where", (ANY, ANY, ANY), None, "x where the condition c is not 0, else y",
        elementwise=lambda xp, c, x, y: xp.where(c != 0, x, y), group="extended", keeps_sign=((1, 2),), selects=(1, 2),
        scalings=(Scaling((1, 2), 1, odd=True),), spelling=Spelling("LIB.where(x != 0, y, z)"),
        formal=_formal_where),
    Operation("clamp", (ANY, ANY, ANY), None, "min(max(x, low), high)",
        elementwise=lambda xp, x, low, high: xp.minimum(xp.maximum(x, low), high), group="extended",
        scalings=(Scaling((0, 1, 2), 1),), spelling=Spelling("LIB.clip(x, y, z)"),
        torch=Spelling("LIB.clamp(x, y, z)"), formal=r"\operatorname{{clip}}\left({0}, {1}, {2}\right)"),
    binary("mod", "x modulo y, of y's sign, 0 at y = 0", _modulo, symbol="%", group="extended",
        scalings=(Scaling((0, 1), 1),), spelling=Spelling("_mod(x, y)", tensors=(1,)),
        formal=r"\left({0:c} \bmod {1:c}\right)"),
    binary("arctan2", "the angle of the point (y, x)", lambda xp, x, y: xp.arctan2(x, y), group="extended",
        scalings=(Scaling((0, 1), 0),), torch=Spelling("LIB.arctan2(x, y)", tensors=(0, 1)),
        formal=r"\operatorname{{arctan2}}\left({0}, {1}\right)"),
    # reductions
    _over_tensor("sum", "the sum of each tensor's elements", lambda xp, x: xp.sum(x), odd=True, keeps_sign=((0,),),
        scalings=LINEAR, torch=Spelling("_sum(x)")),
    _over_tensor("mean", "the mean of each tensor's elements", lambda xp, x: xp.mean(x), odd=True, keeps_sign=((0,),),
        scalings=LINEAR, averages=True, torch=Spelling("_mean(x)")),
    _over_tensor("size", "the number of each tensor's elements", lambda xp, x: xp.asarray(float(x.size), x.dtype),
        even=True, range=Sign.POSITIVE, shape_only=True, spelling=Spelling("float(x.size)", plain=True),
        torch=Spelling("float(x.numel())", plain=True)),
    _over_tensor("rows", "m, of matrices m x n", lambda xp, x: xp.asarray(float(_dims(x)[0]), x.dtype), even=True,
        range=Sign.POSITIVE, shape_only=True, as_matrix=True,
        oriented=True, spelling=Spelling("float(max(x.shape[-2], 1))", plain=True)),
    _over_tensor("columns", "n, of matrices m x n", lambda xp, x: xp.asarray(float(_dims(x)[1]), x.dtype), even=True,
        range=Sign.POSITIVE, shape_only=True, as_matrix=True,
        oriented=True, spelling=Spelling("float(max(x.shape[-1], 1))", plain=True)),
    _over_tensor("dimensions", "the number of each tensor's axes", lambda xp, x: xp.asarray(float(x.ndim), x.dtype),
        even=True, range=Sign.NOT_NEGATIVE, shape_only=True),
    _over_tensor("unit_norm", "the norm over all axes but the last (over a vector: all of it), in the shape of x",
        _unit_norm, result=Kind.TENSOR, even=True, oriented=True, range=Sign.NOT_NEGATIVE, scalings=HOMOGENEOUS,
        spelling=Spelling("_unit_norm(x)"), formal=r"\left\lVert {0} \right\rVert_{{\mathrm{{unit}}}}"),
    Operation("global_sum", (TENSOR,), Kind.SCALAR, "the sum of the whole tree", over_tree=_global_sum,
        group="extended", odd=True, keeps_sign=((0,),), scalings=LINEAR, spelling=Spelling("_global_sum(x)"),
        formal=r"\operatorname{{sum}}_{{\mathrm{{all}}}}\left({0}\right)"),
    # matrices
    _matrix("row_mean", "the mean of each row", lambda xp, x: xp.mean(x, axis=-1, keepdims=True),
        {(_TENSOR,): Kind.COLUMN, (Kind.ROW,): Kind.COLUMN}, oriented=False, odd=True, keeps_sign=((0,),),
        scalings=LINEAR, averages=True, spelling=Spelling("LIB.mean(x, axis=-1, keepdims=True)"),
        torch=Spelling("LIB.mean(x, dim=-1, keepdim=True)"), formal=r"\operatorname{{rowmean}}\left({0}\right)"),
    _matrix("column_mean", "the mean of each column", lambda xp, x: xp.mean(x, axis=-2, keepdims=True),
        {(_TENSOR,): Kind.ROW, (Kind.COLUMN,): Kind.ROW}, oriented=False, odd=True, keeps_sign=((0,),),
        scalings=LINEAR, averages=True,
        spelling=Spelling("LIB.mean(x, axis=-2, keepdims=True)"),
        torch=Spelling("LIB.mean(x, dim=-2, keepdim=True)"), formal=r"\operatorname{{colmean}}\left({0}\right)"),
    _matrix("transpose", "rows for columns", lambda xp, x: xp.swapaxes(x, -2, -1),
        {(_TENSOR,): _TRANSPOSED, (_TRANSPOSED,): _TENSOR, (_LEFT,): _LEFT, (_RIGHT,): _RIGHT}, odd=True,
        keeps_sign=((0,),), scalings=LINEAR, view=True, spelling=Spelling("x.mT"), formal=r"{0:c}^{{\top}}"),
    _matrix("matmul", "the matrix product x y", lambda xp, x, y: xp.matmul(x, y),
        _PRODUCTS,
        scalings=BILINEAR, spelling=Spelling("x @ y"), formal="{0:s}{1:s}"),
    _matrix("eye", "the identity, as large as the square x",
        lambda xp, x: xp.broadcast_to(xp.eye(x.shape[-1], dtype=x.dtype), x.shape),
        {(kind,): kind for kind in _SQUARES}, even=True, scalings=SCALE_FREE,
        spelling=Spelling("_eye(x)"), formal="I"),
    _matrix("orthogonalize",
        "near the closest matrix with orthonormal rows or columns: five Newton-Schulz steps with Muon's coefficients",
        _orthogonalize, {(_TENSOR,): _TENSOR}, odd=True, scalings=(Scaling((0,), 0, odd=True),),
        spelling=Spelling("_orthogonalize(x)")),
    _matrix("inverse_root", "x^(-1/p) of a symmetric x with no eigenvalue below 0; an eigenvalue of 0 stays 0",
        _inverse_root, {(kind, Kind.SCALAR): kind for kind in _SQUARES}, decomposes=True,
        spelling=Spelling("_inverse_root(x, y)"), formal="{0:c}^{{-1/{1:c}}}"),
    _matrix("eigenvectors", "the eigenvectors of a symmetric x as columns, eigenvalues rising",
        lambda xp, x: _eigh(xp, x)[1], {(kind,): kind for kind in _SQUARES}, scalings=SCALE_FREE, decomposes=True,
        spelling=Spelling("_eigenvectors(x)")),
    _matrix("orthonormal", "Q of the QR decomposition of x", lambda xp, x: xp.linalg.qr(x)[0],
        {(kind,): kind for kind in _SQUARES}, scalings=SCALE_FREE, decomposes=True,
        spelling=Spelling("LIB.linalg.qr(x)[0]"), formal=r"\operatorname{{qr}}\left({0}\right)"),
)
# fmt: on


def _dims(x: Any) -> tuple[int, int]:
    return x.shape[-2:] if x.ndim > 1 else (1, 1)
