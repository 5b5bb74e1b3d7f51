"""Names and operations of programs -> sympy symbols and expressions that print as a paper would set them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import sympy
from sympy.core.relational import Relational

_GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu", "xi", "rho"),
    *("sigma", "tau", "phi", "chi", "psi", "omega"),
}
_KNOWN = {"lr": r"\eta", "eps": r"\epsilon", "weight_decay": r"\lambda", "loss": r"\ell", "b": r"\beta"}
_ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde"}


def symbol_text(name: str, index: str = "", accent: str | None = None) -> str:
    r"""Return a variable's name in LaTeX.

    Args:
        name: in the program.
        index: a further subscript, such as the step.
        accent: a further accent: `hat`, `bar` or `tilde`.

    Example:
        >>> symbol_text("b1"), symbol_text("m_hat", "t"), symbol_text("s1", "t-1"), symbol_text("max_step")
        ('\\beta_{1}', '\\hat{m}_{t}', 's_{1,t-1}', '\\mathrm{max\\_step}')
        >>> symbol_text("g_last", "t"), symbol_text("adamw_b1"), symbol_text("slow", "t", accent="tilde")
        ('g_{\\mathrm{last},t}', '\\beta_{\\mathrm{adamw},1}', '\\tilde{\\mathrm{slow}}_{t}')
    """
    found = re.fullmatch(r"(.*?)_?(\d*)", name)
    assert found is not None
    base, number = found[1] or name, found[2]
    stem, _, last = base.rpartition("_")
    accents = [accent] if accent else []
    if stem and last in _ACCENTS:
        base, accents = stem, [last, *accents]
    letter, label = _split(base)
    shown = _letter(letter)
    for each in accents:
        shown = f"{_ACCENTS[each]}{{{shown}}}"
    subscript = ",".join(part for part in (_word(label) if label else "", number, index) if part)
    return f"{shown}_{{{subscript}}}" if subscript else shown


def _split(base: str) -> tuple[str, str]:
    """Return a name's letter and the words that go with it: `adamw_b` and `b_adamw` are b of adamw."""
    words = base.split("_")
    if not all(words) or base in _KNOWN:
        return base, ""
    for start in range(1, len(words)):
        letter = "_".join(words[start:])
        if letter in _KNOWN or _is_letter(letter):
            return letter, "_".join(words[:start])
    if len(words) > 1 and (_is_letter(words[0]) or words[0] == "eps"):
        return words[0], "_".join(words[1:])
    return base, ""


def _is_letter(word: str) -> bool:
    return len(word) == 1 or word in _GREEK


def _letter(base: str) -> str:
    if base in _KNOWN:
        return _KNOWN[base]
    if base in _GREEK:
        return f"\\{base}"
    return base if len(base) == 1 else _word(base)


def _word(text: str) -> str:
    return rf"\mathrm{{{text}}}".replace("_", r"\_")


def _is_compound(argument: Any) -> bool:
    """Return whether an argument of `mod`, or under an exponent, is more than a symbol or a number."""
    return not (argument.is_Symbol or (argument.is_Number and argument.is_nonnegative))


def _is_sum_or_product(argument: Any) -> bool:
    return bool(argument.is_Add or argument.is_Mul or isinstance(argument, sympy.Piecewise))


def _shape(template: str, parted: Callable[[Any], bool] = lambda argument: False) -> Callable[..., Any]:
    """Return a sympy function that prints as a template with `{0}`, `{1}` for its arguments.

    Args:
        template: the text.
        parted: whether an argument is put in parentheses.
    """

    class Shaped(sympy.Function):
        def _latex(self, printer: Any, exp: str | None = None) -> str:
            texts = [
                rf"\left({printer._print(argument)}\right)" if parted(argument) else printer._print(argument)
                for argument in self.args
            ]
            shown = template.format(*texts)
            return shown if exp is None else rf"\left({shown}\right)^{{{exp}}}"

    Shaped.__name__ = re.sub(r"\W", "", template) or "Shaped"
    return lambda *arguments: Shaped(*arguments, evaluate=False)


def _named(name: str) -> Callable[..., Any]:
    return _shape(rf"\operatorname{{{{{name}}}}}\left({{0}}\right)")


def _bracketed(relation: Callable[..., Any]) -> Callable[..., Any]:
    """Return a comparison as a number, in Iverson's brackets."""
    bracket = _shape(r"\left[{0}\right]")
    return lambda x, y: bracket(relation(x, y))


def _abs(x: Any) -> Any:
    """Return |x|; x keeps its sign, so that 1 - b^t is not turned round."""
    return sympy.Abs(x) if x.is_number else sympy.Abs(x, evaluate=False)


def _where(condition: Any, x: Any, y: Any) -> Any:
    test = condition if isinstance(condition, Relational) else sympy.Ne(condition, 0, evaluate=False)
    return sympy.Piecewise((x, test), (y, True), evaluate=False)


def _relation(kind: Any) -> Callable[..., Any]:
    return lambda x, y: kind(x, y, evaluate=False)


RELATIONS: dict[str, Callable[..., Any]] = {
    "less": _relation(sympy.Lt),
    "less_equal": _relation(sympy.Le),
    "greater": _relation(sympy.Gt),
    "greater_equal": _relation(sympy.Ge),
    "equal": _relation(sympy.Eq),
    "not_equal": _relation(sympy.Ne),
}
"""Comparisons, which are conditions of `where` as they stand and numbers in brackets elsewhere."""

EXPRESSIONS: dict[str, Callable[..., Any]] = {
    "abs": _abs,
    "cos": sympy.cos,
    "sin": sympy.sin,
    "tan": sympy.tan,
    "arcsin": sympy.asin,
    "arccos": sympy.acos,
    "arctan": sympy.atan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "arcsinh": sympy.asinh,
    "arccosh": sympy.acosh,
    "arctanh": sympy.atanh,
    "exp": sympy.exp,
    "exp2": lambda x: sympy.Integer(2) ** x,
    "exp10": lambda x: sympy.Integer(10) ** x,
    "expm1": lambda x: sympy.exp(x) - 1,
    "log": lambda x: sympy.log(_abs(x)),
    "log2": lambda x: _shape(r"\log_2\left({0}\right)")(_abs(x)),
    "log10": lambda x: _shape(r"\log_{{10}}\left({0}\right)")(_abs(x)),
    "log1p": lambda x: sympy.log(_abs(1 + x)),
    "square": lambda x: x**2,
    "sqrt": lambda x: sympy.sqrt(_abs(x)),
    "cube": lambda x: x**3,
    "cbrt": _shape(r"\sqrt[3]{{{0}}}"),
    "sign": _named("sign"),
    "reciprocal": lambda x: 1 / x,
    "norm": _shape(r"\left\lVert {0} \right\rVert"),
    "invert": lambda x: -x - 1,
    "negative": lambda x: -x,
    "global_norm": _shape(r"\left\lVert {0} \right\rVert_{{\mathrm{{all}}}}"),
    "interp": lambda x, y, a: a * y + (1 - a) * x,
    "dot": _shape(r"\left\langle {0}, {1} \right\rangle"),
    "power": lambda x, y: x**y,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y if y != 0 else sympy.Integer(0),
    "maximum": _shape(r"\max\left({0}, {1}\right)"),
    "minimum": _shape(r"\min\left({0}, {1}\right)"),
    **{name: _bracketed(relation) for name, relation in RELATIONS.items()},
    "where": _where,
    "clamp": _shape(r"\operatorname{{clip}}\left({0}, {1}, {2}\right)"),
    "mod": _shape(r"\left({0} \bmod {1}\right)", _is_compound),
    "arctan2": _shape(r"\operatorname{{arctan2}}\left({0}, {1}\right)"),
    "sum": _named("sum"),
    "mean": _named("mean"),
    "size": _named("size"),
    "rows": _named("rows"),
    "columns": _named("columns"),
    "unit_norm": _shape(r"\left\lVert {0} \right\rVert_{{\mathrm{{unit}}}}"),
    "global_sum": _shape(r"\operatorname{{sum}}_{{\mathrm{{all}}}}\left({0}\right)"),
    "row_mean": _named("rowmean"),
    "column_mean": _named("colmean"),
    "transpose": _shape(r"{0}^{{\top}}", _is_compound),
    "matmul": _shape(r"{0}{1}", _is_sum_or_product),
    "eye": _shape(r"I"),
    "orthogonalize": _named("orthogonalize"),
    "inverse_root": _shape(r"{0}^{{-1/{1}}}", _is_compound),
    "eigenvectors": _named("eigenvectors"),
    "orthonormal": _named("qr"),
}
"""The expression of each operation; those that `lionsearch.export.flow` takes apart are not among them."""


def number(value: float) -> Any:
    """Return a constant, to six digits; what is not finite is a symbol, which nothing cancels."""
    if not math.isfinite(value):
        sign = -1 if value < 0 else 1
        return sign * sympy.Symbol(r"\mathrm{NaN}" if math.isnan(value) else r"\infty")
    return sympy.Integer(int(value)) if value == int(value) and abs(value) < 1e6 else sympy.Float(f"{value:.6g}")
