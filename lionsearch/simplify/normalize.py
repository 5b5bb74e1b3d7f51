"""Program -> the value of everything that it computes, in normal form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lionsearch.analysis.dataflow import Graph
from lionsearch.lang import Program, Statement
from lionsearch.simplify.algebra import Algebra
from lionsearch.simplify.expression import Product, leaf, number


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

    Example:
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
    found = tuple(_evaluate(program.statements, values, algebra))
    return Normalized(algebra, found, values[program.update], tuple(values[slot] for slot in program.slots))


def _evaluate(statements: Iterable[Statement], values: dict[str, Product], algebra: Algebra) -> Iterable[Product]:
    for statement in statements:
        arguments = [values[a] if isinstance(a, str) else number(a) for a in statement.arguments]
        values[statement.target] = algebra.apply(statement.operation, arguments)
        yield values[statement.target]


def node_values(graph: Graph, values: Normalized) -> list[Product]:
    """Return the value of each node: of each statement that is no copy."""
    statements = graph.program.statements
    return [value for s, value in zip(statements, values.statements, strict=True) if s.operation != "copy"]
