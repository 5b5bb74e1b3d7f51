"""Names and operations of programs -> sympy symbols and expressions that print as a paper would set them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import sympy

from lionsearch.lang import Operation

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

    Examples:
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


def express(row: Operation, arguments: Sequence[Any], *, as_condition: bool = False) -> Any:
    """Return the sympy expression of an operation.

    Args:
        row: of the table.
        arguments: expressions.
        as_condition: whether nothing but conditions reads it; a comparison is a number in Iverson's brackets elsewhere.
    """
    if callable(row.formal):
        found = row.formal(sympy, *arguments)
        return _shaped(r"\left[{0}\right]", [found]) if row.boolean and not as_condition else found
    places = ", ".join(f"{{{position}}}" for position in range(row.arity))
    return _shaped(row.formal or rf"\operatorname{{{{{row.name}}}}}\left({places}\right)", arguments)


class _Printed(str):
    """An argument in LaTeX; the format `c` puts all but a symbol or a number in parentheses, `s` sums and products."""

    argument: Any

    def __format__(self, spec: str) -> str:
        x = self.argument
        compound = not (x.is_Symbol or (x.is_Number and x.is_nonnegative))
        parted = compound if spec == "c" else spec == "s" and (x.is_Add or x.is_Mul or isinstance(x, sympy.Piecewise))
        return rf"\left({self}\right)" if parted else str(self)


def _shaped(template: str, arguments: Sequence[Any]) -> Any:
    """Return a sympy function that prints as a template with `{0}`, `{1}` for its arguments."""

    class Shaped(sympy.Function):
        def _latex(self, printer: Any, exp: str | None = None) -> str:
            texts = [_printed(printer, argument) for argument in self.args]
            shown = template.format(*texts)
            return shown if exp is None else rf"\left({shown}\right)^{{{exp}}}"

    Shaped.__name__ = re.sub(r"\W", "", template) or "Shaped"
    return Shaped(*arguments, evaluate=False)


def _printed(printer: Any, argument: Any) -> _Printed:
    text = _Printed(printer._print(argument))
    text.argument = argument
    return text


def number(value: float) -> Any:
    """Return a constant, to six digits; what is not finite is a symbol, which nothing cancels."""
    if not math.isfinite(value):
        sign = -1 if value < 0 else 1
        return sign * sympy.Symbol(r"\mathrm{NaN}" if math.isnan(value) else r"\infty")
    return sympy.Integer(int(value)) if value == int(value) and abs(value) < 1e6 else sympy.Float(f"{value:.6g}")
