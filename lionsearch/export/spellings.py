"""How each operation is written in JAX and in PyTorch: data beside the operation's name.

A template names its arguments `{0}`, `{1}`, `{2}`; `{0:3}` asks for parentheses around an argument that binds weaker
than 3. A name with a leading underscore is a helper (`lionsearch.export.helpers`), which the exported file then
holds. Total arithmetic is written out where it is needed, and only there.
"""

from __future__ import annotations

from dataclasses import dataclass

COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 7)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How an operation is written.

    Attributes:
        text: the template.
        binds: how strongly the result binds; `ATOM` for names and calls.
        plain: whether Python's own numbers will do for all arguments, and give one.
    """

    text: str
    binds: int = ATOM
    plain: bool = False


_INFIX: dict[str, Spelling] = {
    "add": Spelling("{0:2} + {1:3}", SUM, plain=True),
    "subtract": Spelling("{0:2} - {1:3}", SUM, plain=True),
    "multiply": Spelling("{0:3} * {1:4}", PRODUCT, plain=True),
    "interp": Spelling("(1 - {2:3}) * {0:4} + {2:4} * {1:4}", SUM, plain=True),
    "negative": Spelling("-{0:4}", SIGN, plain=True),
    "invert": Spelling("-{0:4} - 1", SUM, plain=True),
    "power": Spelling("{0:6} ** {1:4}", POWER),
    "less": Spelling("{0:2} < {1:2}", COMPARISON),
    "less_equal": Spelling("{0:2} <= {1:2}", COMPARISON),
    "greater": Spelling("{0:2} > {1:2}", COMPARISON),
    "greater_equal": Spelling("{0:2} >= {1:2}", COMPARISON),
    "equal": Spelling("{0:2} == {1:2}", COMPARISON),
    "not_equal": Spelling("{0:2} != {1:2}", COMPARISON),
    "divide": Spelling("_divide({0}, {1})"),
    "reciprocal": Spelling("_divide(1.0, {0})"),
    "matmul": Spelling("{0:3} @ {1:4}", PRODUCT),
    "transpose": Spelling("{0:6}.mT"),
}
_HELPED = (
    *("exp10", "log1p", "norm", "mod", "unit_norm"),
    *("global_norm", "dot", "global_sum", "eye", "orthogonalize", "inverse_root", "eigenvectors"),
)
_HELPERS = {name: Spelling(f"_{name}({', '.join(f'{{{i}}}' for i in range(arity))})") for name, arity in (
    *((name, 1) for name in _HELPED if name not in ("mod", "dot", "inverse_root")),
    *((name, 2) for name in ("mod", "dot", "inverse_root")),
)}  # fmt: skip
_FUNCTIONS = (
    *("abs", "cos", "sin", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh"),
    *("arctanh", "exp", "exp2", "expm1", "square", "sign", "sum", "mean"),
)


def _shared(library: str) -> dict[str, Spelling]:
    functions = {name: Spelling(f"{library}.{name}({{0}})") for name in _FUNCTIONS}
    logarithms = {name: Spelling(f"{library}.{name}({library}.abs({{0}}))") for name in ("log", "log2", "log10")}
    two = {name: Spelling(f"{library}.{name}({{0}}, {{1}})") for name in ("maximum", "minimum", "arctan2")}
    return {
        **_INFIX,
        **_HELPERS,
        **functions,
        **logarithms,
        **two,
        "sqrt": Spelling(f"{library}.sqrt({library}.abs({{0}}))"),
        "cube": Spelling("{0:6} ** 3", POWER),
        "where": Spelling(f"{library}.where({{0:2}} != 0, {{1}}, {{2}})"),
        "orthonormal": Spelling(f"{library}.linalg.qr({{0}})[0]"),
    }


JAX: dict[str, Spelling] = {
    **_shared("jnp"),
    "cbrt": Spelling("jnp.cbrt({0})"),
    "norm": Spelling("jnp.linalg.norm({0})"),
    "clamp": Spelling("jnp.clip({0}, {1}, {2})"),
    "row_mean": Spelling("jnp.mean({0}, axis=-1, keepdims=True)"),
    "column_mean": Spelling("jnp.mean({0}, axis=-2, keepdims=True)"),
    "size": Spelling("float({0:6}.size)", plain=True),
    "rows": Spelling("float({0:6}.shape[-2])", plain=True),
    "columns": Spelling("float({0:6}.shape[-1])", plain=True),
}
"""Spellings in JAX, by operation."""

TORCH: dict[str, Spelling] = {
    **_shared("torch"),
    "cbrt": Spelling("_cbrt({0})"),
    "norm": Spelling("torch.linalg.vector_norm({0})"),
    "clamp": Spelling("torch.clamp({0}, {1}, {2})"),
    "row_mean": Spelling("torch.mean({0}, dim=-1, keepdim=True)"),
    "column_mean": Spelling("torch.mean({0}, dim=-2, keepdim=True)"),
    "size": Spelling("float({0:6}.numel())", plain=True),
    "rows": Spelling("float({0:6}.shape[-2])", plain=True),
    "columns": Spelling("float({0:6}.shape[-1])", plain=True),
}
"""Spellings in PyTorch, by operation."""

BOOLEANS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
"""Operations that Python answers with True or False."""

WRITTEN_OUT = ("copy", "clip", "cosine_sim", "dimensions", "get_pi", "get_e", "get_eps")
"""Operations that `lionsearch.export.flow` resolves before anything is written."""
