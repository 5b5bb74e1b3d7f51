"""Program -> the value of everything that it computes, in normal form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lionsearch.algebra.normal_form import Algebra
from lionsearch.algebra.value import Product, leaf, number
from lionsearch.graph import Graph
from lionsearch.graph.walk import statements, walk
from lionsearch.lang import COPY, Operation, Program


@dataclass(frozen=True, slots=True)
class Normalized:
    """What a program computes.

    Attributes:
        algebra: with what is known of the slots' signs.
        statements: the value of each statement.
        update: the update's value.
        slots: the next value of each slot.
    """

    algebra: Algebra
    statements: tuple[Product, ...]
    update: Product
    slots: tuple[Product, ...]


def normalize(program: Program, starts: Mapping[str, Product] | None = None) -> Normalized:
    r"""Return the values of a program's statements, update and slots.

    Args:
        program: any valid program; hyperparameters are leaves.
        starts: values of slots at the start of a step that are to be used instead of their names.

    Examples:
        >>> from lionsearch.lang import parse
        >>> one = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m / sqrt(m * m), m")
        >>> two = parse("def train(w, g, m, lr):\n  m = m * 0.9 + g * 0.1\n  return sign(m), m")
        >>> normalize(one).update == normalize(two).update
        True
    """
    starts = starts or {}
    nonnegative = {slot for slot in program.slots if slot not in starts or _is_multiple(starts[slot], slot)}
    while True:
        algebra = Algebra(nonnegative)
        found = _run(program, algebra, starts)
        signs = {slot: algebra.sign(value) for slot, value in zip(program.slots, found.slots, strict=True)}
        kept = {slot for slot in nonnegative if signs[slot] > 0}
        if kept == nonnegative:
            return found
        nonnegative = kept


def _is_multiple(value: Product, slot: str) -> bool:
    """Return whether the value is a slot in other units, with the same sign."""
    return value.unit == leaf(slot).unit and value.coefficient > 0


def _run(program: Program, algebra: Algebra, starts: Mapping[str, Product]) -> Normalized:
    values = {name: leaf(name) for name in program.initial_variables}
    values.update(starts)

    def rule(row: Operation, arguments: list[Product]) -> Product:
        return algebra.apply(row.name, arguments)

    found = tuple(walk(statements(program), values, rule, number))
    return Normalized(algebra, found, values[program.update], tuple(values[slot] for slot in program.slots))


def node_values(graph: Graph, values: Normalized) -> list[Product]:
    """Return the value of each node: of each statement that is no copy."""
    pairs = zip(graph.program.statements, values.statements, strict=True)
    return [value for s, value in pairs if s.operation != COPY]
