"""Program -> its update equations in LaTeX, as a paper would set them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sympy
from sympy.core.relational import Relational
from sympy.printing.latex import LatexPrinter

from lionsearch.graph import Reference
from lionsearch.graph.lowering import AXES, LoweredProgram, is_unnamed
from lionsearch.graph.signs import find_signs, sign_of
from lionsearch.lang import OPERATIONS, Sign
from lionsearch.render.symbols import express, number, symbol_text

_ONE_TIMES = re.compile(r"(?<![\d.])1\.0 \\cdot 10\^")
_LONGEST = 14
"""Operations in an equation beyond which a value that the program names gets an equation of its own."""


def write_latex(lowered: LoweredProgram, head: Sequence[str] = ()) -> str:
    r"""Return the equations of one step, an `align*` environment, and the values of the hyperparameters.

    A slot is s_{t-1} before the step and s_t after it, and has a tilde in between. Every operation is element by
    element. A constant is rounded to six digits; x / 0 is 0.

    Args:
        lowered: the program.
        head: lines of comment that come first.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.graph.lowering import lower
        >>> lines = write_latex(lower(load_program("signum"))).splitlines()
        >>> print("\n".join(line for line in lines if "&=" in line))
        m_{t} &= \beta_{1} m_{t-1} + g_{t} \left(1 - \beta_{1}\right) \\
        w_{t} &= w_{t-1} - \eta_{t} \left(\lambda w_{t-1} + \operatorname{sign}\left(m_{t}\right)\right)
    """
    comment = [f"% {line}" for line in head if line]
    equations = _Equations(lowered)
    lines = [*comment, r"\begin{align*}", " \\\\\n".join(equations.lines()), r"\end{align*}"]
    values = [f"${equations.symbol(name)} = {_number_text(value)}$" for name, value in lowered.hyperparameters.items()]
    if lowered.scale is not None:
        values.append(rf"${equations.symbol('lr')} = {_number_text(lowered.scale)}$ times the schedule")
    return "\n".join([*lines, *([f"with {', '.join(values)}."] if values else [])]) + "\n"


def _number_text(value: float) -> str:
    return _ONE_TIMES.sub("10^", sympy.latex(number(value), full_prec=False))


class _Printer(LatexPrinter):
    """Sympy's, but a sum starts with a term that is added, if it has one, and what is computed has six digits too."""

    def _print_Float(self, expr: Any) -> Any:  # noqa: N802 - sympy looks for that name
        rounded = number(float(expr))
        return super()._print_Float(rounded) if rounded.is_Float else self._print(rounded)

    def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:
        terms = super()._as_ordered_terms(expr, order=order)
        return sorted(terms, key=_is_taken_off) if _is_taken_off(terms[0]) else terms


def _is_taken_off(term: Any) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)


class _Equations:
    def __init__(self, lowered: LoweredProgram):
        self._lowered = lowered
        self._signs = find_signs(lowered.graph)
        self._known: dict[int | str, Any] = {}
        self._used: set[str] = {symbol_text("w", "t")}
        self._kept_as: dict[str, Any] = {}
        self._letters: set[str] = set()

    def symbol(self, leaf: str) -> str:
        """Return how the equations write an input or a hyperparameter, once they are made."""
        return self._known[leaf].name

    def lines(self) -> list[str]:
        """Return the equations, in an order in which each reads only what stands before it."""
        lowered, graph = self._lowered, self._lowered.graph
        program, update = graph.program, graph.update
        assert not isinstance(update, float)  # its kind is a tensor
        for slot in program.slots:
            self._reserve(slot)
        for name in lowered.leaves:
            if name not in program.slots:
                self._known[name] = self._symbol(symbol_text(name, self._index(name)))
        pairs = reversed([*zip(program.slots, graph.slots, strict=True)])
        slots = {ref: name for name, ref in pairs if isinstance(ref, int)}  # the first, of those that keep the same
        lines: list[str] = []
        for index in range(len(graph.nodes)):
            expression = self._expression(index)
            if index in slots:
                lines.append(self._define(index, self._kept_as[slots[index]], expression))
            elif index != update and self._stands_alone(index, expression):
                lines.append(self._define(index, self._within(lowered.name(index)), expression))
            else:
                self._known[index] = expression
        lines += self._kept(slots)
        return [*lines, f"w_{{t}} &= {self._step(self._known['w'], self._known[update])}"]

    def _step(self, weights: Any, update: Any) -> str:
        """Return the weights less the update; what cancels is left out."""
        if update.could_extract_minus_sign() or (update.is_Add and weights in update.args):
            return self._print(weights - update)
        shown = self._print(update)
        return f"{weights.name} - " + (rf"\left({shown}\right)" if update.is_Add else shown)

    def _kept(self, slots: dict[int, str]) -> list[str]:
        """Return equations of slots that take over what is already there, such as the weights."""
        lines = []
        for name, ref in zip(self._lowered.program.slots, self._lowered.graph.slots, strict=True):
            if not isinstance(ref, int) or slots[ref] != name:
                lines.append(f"{self._kept_as[name].name} &= {self._print(self._argument(ref))}")
        return lines

    def _index(self, name: str) -> str:
        if name == "w":
            return "t-1"
        return "" if name in ("t", AXES) or name in dict(self._lowered.program.hyperparameters) else "t"

    def _reserve(self, slot: str) -> None:
        """Give a slot's last and next value their symbols, which no other value gets."""
        marks = ""
        texts = [symbol_text(slot, index) for index in ("t-1", "t")]
        while any(text + marks in self._used for text in texts):
            marks += "'"
        last, self._kept_as[slot] = (self._symbol(text + marks) for text in texts)
        self._known[slot] = last

    def _within(self, name: str) -> Any:
        """Return a symbol for a value within the step; what is on its way to a slot or to the weights has a tilde."""
        if name == "w" or name in self._lowered.program.slots:
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
        taken = {*self._lowered.leaves, *(node.name for node in self._lowered.nodes), *self._letters}
        letter = next((letter for letter in "xyzupqabcdefghijk" if letter not in taken), name)
        self._letters.add(letter)
        return letter

    def _stands_alone(self, index: int, expression: Any) -> bool:
        if isinstance(expression, Relational):
            return False
        longest = 1 if len(self._lowered.readers[index]) > 1 else _LONGEST
        return expression.count_ops() > longest or (longest == 1 and isinstance(expression, sympy.Piecewise))

    def _expression(self, index: int) -> Any:
        node = self._lowered.nodes[index]
        row, arguments = OPERATIONS[node.operation], [self._argument(argument) for argument in node.arguments]
        if row.name == "sqrt" and sign_of(node.arguments[0], self._signs) > Sign.UNKNOWN:
            return sympy.sqrt(arguments[0])
        conditional = [self._is_condition(index, reader) for reader in self._lowered.readers[index]]
        return express(row, arguments, as_condition=all(conditional))

    def _is_condition(self, index: int, reader: int) -> bool:
        """Return whether a node is read as the condition of a choice, and not otherwise."""
        node = self._lowered.nodes[reader]
        return node.operation == "where" and index not in [a for a in node.arguments[1:] if isinstance(a, int)]

    def _argument(self, argument: Reference) -> Any:
        return number(argument) if isinstance(argument, float) else self._known[argument]

    def _print(self, expression: Any) -> str:
        names = {symbol: symbol.name for symbol in getattr(expression, "free_symbols", ())}
        settings = {"symbol_names": names, "full_prec": False, "inv_trig_style": "full"}
        return _ONE_TIMES.sub("10^", _Printer(settings).doprint(expression))
