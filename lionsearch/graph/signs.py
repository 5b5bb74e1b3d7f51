"""Graph -> which of its values are never negative, so that a root of them needs no absolute value.

A hyperparameter whose default lies in [0, 1], such as a decay rate, is taken to stay there. What single operations do
to signs stands in their rows; what is here are sums, products and powers. Non-goal: bounds other than 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lionsearch.graph.lowering import SHARED_CLOCK
from lionsearch.graph.ssa import Graph, Reference
from lionsearch.graph.walk import walk
from lionsearch.lang import Operation, Sign

_COUNTS = frozenset({"t", SHARED_CLOCK})


class _Known(NamedTuple):
    """What is known of a value.

    Attributes:
        sign: of it.
        what: a number for a constant; else something that two values share only if they are one.
        fraction: whether it lies in [0, 1].
    """

    sign: Sign
    what: object
    fraction: bool = False


def find_signs(graph: Graph) -> dict[int | str, Sign]:
    """Return what is known of each node and leaf.

    A slot that starts at 0 and is only ever given what is not negative is not negative.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.graph import to_graph
        >>> signs = find_signs(to_graph(load_program("adamw")))
        >>> signs["v"].name, signs["m"].name
        ('NOT_NEGATIVE', 'UNKNOWN')
    """
    trusted = set(graph.program.slots)
    while True:
        signs = _signs(graph, trusted)
        finals = zip(graph.program.slots, graph.slots, strict=True)
        wrong = {slot for slot, final in finals if slot in trusted and sign_of(final, signs) is Sign.UNKNOWN}
        if not wrong:
            return signs
        trusted -= wrong


def sign_of(reference: Reference, signs: Mapping[int | str, Sign]) -> Sign:
    """Return what is known of a node, a leaf or a constant."""
    if isinstance(reference, float):
        return _of_number(reference).sign
    return signs.get(reference, Sign.UNKNOWN)


def _signs(graph: Graph, trusted: set[str]) -> dict[int | str, Sign]:
    """Return the signs, with some slots trusted not to be negative."""
    program = graph.program
    values: dict[int | str, _Known] = {name: _Known(Sign.UNKNOWN, name) for name in program.initial_variables}
    for name, value in program.hyperparameters:
        if 0 <= value <= 1:
            values[name] = _Known(Sign.NOT_NEGATIVE, name, fraction=True)
    values.update((slot, _Known(Sign.NOT_NEGATIVE, slot)) for slot in trusted)
    for leaf in {read for node in graph.nodes for read in node.reads} - values.keys():
        values[leaf] = _Known(Sign.UNKNOWN, leaf)
    values.update((count, _Known(Sign.POSITIVE, count)) for count in _COUNTS.intersection(values))
    walk(graph.steps, values, _rule, _of_number)
    return {reference: known.sign for reference, known in values.items()}


def _of_number(number: float) -> _Known:
    sign = Sign.POSITIVE if number > 0 else Sign.NOT_NEGATIVE if number == 0 else Sign.UNKNOWN
    return _Known(sign, float(number), 0 <= number <= 1)


def _rule(row: Operation, given: list[_Known]) -> _Known:
    """Return what is known of a result: the rule of a `walk` for signs."""
    what, fraction = (row.name, tuple(known.what for known in given)), False
    sign = row.sign([known.sign for known in given])
    match row.name, given:
        case "add", [x, y] if min(x.sign, y.sign) > Sign.UNKNOWN:
            sign = max(x.sign, y.sign)
        case "multiply" | "dot", [x, y] if x.what == y.what:
            sign = Sign.NOT_NEGATIVE
        case "multiply" | "divide", [x, y] if min(x.sign, y.sign) > Sign.UNKNOWN:
            sign = Sign.NOT_NEGATIVE
        case "subtract", [_Known(what=1.0), part] if part.fraction:
            sign, fraction = Sign.NOT_NEGATIVE, True
        case "subtract", [_Known(what="t"), _Known(what=1.0)]:
            sign = Sign.NOT_NEGATIVE  # steps count from 1
        case "power", [base, exponent]:
            fraction = base.fraction and exponent.sign > Sign.UNKNOWN
            if fraction or base.sign > Sign.UNKNOWN or _is_even(exponent):
                sign = Sign.NOT_NEGATIVE
        case "interp", [x, y, part] if part.fraction and min(x.sign, y.sign) > Sign.UNKNOWN:
            sign = Sign.NOT_NEGATIVE
    return _Known(sign, what, fraction)


def _is_even(known: _Known) -> bool:
    return isinstance(known.what, float) and known.what % 2 == 0
