"""Program -> its update equations in LaTeX, as a paper would set them."""

from __future__ import annotations

import re
from typing import Any

import sympy
from sympy.core.relational import Relational
from sympy.printing.latex import LatexPrinter

from lionsearch.analysis import summarize
from lionsearch.export.flow import AXES, Constant, Ref, consumers, is_unnamed
from lionsearch.export.preparation import Prepared
from lionsearch.export.signs import find_signs
from lionsearch.export.symbols import EXPRESSIONS, RELATIONS, number, symbol_text

_ONE_TIMES = re.compile(r"(?<![\d.])1\.0 \\cdot 10\^")
_LONGEST = 14
"""Operations in an equation beyond which a value that the program names gets an equation of its own."""


def write_latex(prepared: Prepared, command: str) -> str:
    r"""Return the equations of one step, an `align*` environment, and the values of the hyperparameters.

    A slot is s_{t-1} before the step and s_t after it, and has a tilde in between. Every operation is element by
    element. A constant is rounded to six digits; x / 0 is 0.

    Example:
        >>> from lionsearch.export.preparation import prepare
        >>> from lionsearch.targets import load_target
        >>> lines = write_latex(prepare(*load_target("signum")), "lionsearch export signum --to latex").splitlines()
        >>> print("\n".join(line for line in lines if "&=" in line))
        m_{t} &= \beta_{1} m_{t-1} + g_{t} \left(1 - \beta_{1}\right) \\
        w_{t} &= w_{t-1} - \eta_{t} \left(\lambda w_{t-1} + \operatorname{sign}\left(m_{t}\right)\right)
    """
    found, writer = summarize(prepared.program), _Equations(prepared)
    head = [f"% {line}" for line in (found.title, found.source, f"Written by: {command}") if line]
    equations = " \\\\\n".join(writer.equations())
    lines = [*head, r"\begin{align*}", equations, r"\end{align*}"]
    values = [
        f"${symbol_text(name)} = {_ONE_TIMES.sub('10^', sympy.latex(number(value), full_prec=False))}$"
        for name, value in prepared.hyperparameters.items()
    ]
    return "\n".join([*lines, *([f"with {', '.join(values)}."] if values else [])]) + "\n"


class _Printer(LatexPrinter):
    """Sympy's, but a sum starts with a term that is added, if it has one."""

    def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:
        terms = super()._as_ordered_terms(expr, order=order)
        return sorted(terms, key=_is_taken_off) if _is_taken_off(terms[0]) else terms


def _is_taken_off(term: Any) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)


class _Equations:
    def __init__(self, prepared: Prepared):
        self._flow, self._prepared = prepared.flow, prepared
        self._signs = find_signs(self._flow)
        self._needed = self._flow.needed()
        self._readers = consumers(self._flow, self._needed)
        self._known: dict[int, Any] = {}
        self._used: set[str] = {symbol_text("w", "t")}
        self._kept_as: dict[str, Any] = {}
        self._letters: set[str] = set()

    def equations(self) -> list[str]:
        """Return the equations, in an order in which each reads only what stands before it."""
        flow, program = self._flow, self._prepared.program
        for slot in program.slots:
            self._reserve(slot)
        for name, index in flow.initial.items():
            if name not in program.slots:
                self._known[index] = self._symbol(symbol_text(name, self._index(name)))
        pairs = reversed([*zip(program.slots, flow.slots, strict=True)])
        slots = {ref: name for name, ref in pairs if isinstance(ref, int)}  # the first, of those that keep the same
        lines: list[str] = []
        for index in self._needed:
            expression = self._expression(index)
            if index in slots:
                lines.append(self._define(index, self._kept_as[slots[index]], expression))
            elif index != flow.update and self._stands_alone(index, expression):
                lines.append(self._define(index, self._within(flow.values[index].name), expression))
            else:
                self._known[index] = expression
        lines += self._kept(slots)
        return [*lines, f"w_{{t}} &= {self._step(self._known[flow.initial['w']], self._known[flow.update])}"]

    def _step(self, weights: Any, update: Any) -> str:
        """Return the weights less the update; what cancels is left out."""
        if update.could_extract_minus_sign() or (update.is_Add and weights in update.args):
            return self._print(weights - update)
        shown = self._print(update)
        return f"{weights.name} - " + (rf"\left({shown}\right)" if update.is_Add else shown)

    def _kept(self, slots: dict[int, str]) -> list[str]:
        """Return equations of slots that take over what is already there, such as the weights."""
        lines = []
        for name, ref in zip(self._prepared.program.slots, self._flow.slots, strict=True):
            if isinstance(ref, Constant) or self._flow.values[ref].operation is None or slots[ref] != name:
                value = number(ref.value) if isinstance(ref, Constant) else self._known[ref]
                lines.append(f"{self._kept_as[name].name} &= {self._print(value)}")
        return lines

    def _index(self, name: str) -> str:
        if name == "w":
            return "t-1"
        return "" if name in ("t", AXES) or name in dict(self._prepared.program.hyperparameters) else "t"

    def _reserve(self, slot: str) -> None:
        """Give a slot's last and next value their symbols, which no other value gets."""
        marks = ""
        texts = [symbol_text(slot, index) for index in ("t-1", "t")]
        while any(text + marks in self._used for text in texts):
            marks += "'"
        last, self._kept_as[slot] = (self._symbol(text + marks) for text in texts)
        if slot in self._flow.initial:
            self._known[self._flow.initial[slot]] = last

    def _within(self, name: str) -> Any:
        """Return a symbol for a value within the step; what is on its way to a slot or to the weights has a tilde."""
        if name == "w" or name in self._prepared.program.slots:
            return self._symbol(symbol_text(name, "t", accent="tilde"))
        return self._symbol(symbol_text(self._name(name), "t"))

    def _symbol(self, text: str) -> Any:
        while text in self._used:
            text += "'"
        self._used.add(text)
        return sympy.Symbol(text)

    def _define(self, index: int, symbol: Any, expression: Any) -> str:
        self._known[index] = symbol
        return f"{symbol.name} &= {self._print(expression)}"

    def _name(self, name: str) -> str:
        """Return the program's name of a value, or a letter that nothing has, for one that it does not name."""
        if not is_unnamed(name):
            return name
        taken = {*self._flow.initial, *(value.name for value in self._flow.values), *self._letters}
        letter = next((letter for letter in "xyzupqabcdefghijk" if letter not in taken), name)
        self._letters.add(letter)
        return letter

    def _stands_alone(self, index: int, expression: Any) -> bool:
        if isinstance(expression, Relational):
            return False
        longest = 1 if len(self._readers[index]) > 1 else _LONGEST
        return expression.count_ops() > longest or (longest == 1 and isinstance(expression, sympy.Piecewise))

    def _expression(self, index: int) -> Any:
        value = self._flow.values[index]
        arguments = [self._argument(argument) for argument in value.arguments]
        operation = value.operation or ""
        if operation == "sqrt" and self._is_not_negative(value.arguments[0]):
            return sympy.sqrt(arguments[0])
        readers = [self._flow.values[reader] for reader in self._readers[index]]
        as_condition = all(r.operation == "where" and index not in r.arguments[1:] for r in readers)
        if operation in RELATIONS and as_condition:
            return RELATIONS[operation](*arguments)
        return EXPRESSIONS[operation](*arguments)

    def _is_not_negative(self, ref: Ref) -> bool:
        return ref.value >= 0 if isinstance(ref, Constant) else bool(self._signs[ref])

    def _argument(self, argument: Ref) -> Any:
        return number(argument.value) if isinstance(argument, Constant) else self._known[argument]

    def _print(self, expression: Any) -> str:
        names = {symbol: symbol.name for symbol in getattr(expression, "free_symbols", ())}
        settings = {"symbol_names": names, "full_prec": False, "inv_trig_style": "full"}
        return _ONE_TIMES.sub("10^", _Printer(settings).doprint(expression))
