"""One walk over a program's steps, in any domain of values: numbers, kinds, signs, digests, formulas.

What a program means in a domain is what each operation does to the domain's values; a domain is a small module of
such rules, and none of them walks by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lionsearch.lang import OPERATIONS, Operation, Program

Step = tuple[Any, str, Sequence[Any]]
"""What a result is called, the operation, and its arguments: what values are called, or constants."""
Rule = Callable[[Operation, list[Any]], Any]
"""Gives the value of an operation from its arguments' values."""


def walk(steps: Iterable[Step], values: dict[Any, Any], rule: Rule, constant: Callable[[Any], Any]) -> list[Any]:
    """Return the value of each step, and add them to the values by what they are called.

    Args:
        steps: in order.
        values: of what is there before the first step.
        rule: what an operation does.
        constant: gives the value of a number.

    Examples:
        >>> from lionsearch.lang import parse
        >>> program = parse("def train(w, g, lr): return lr * (g + 2)")
        >>> walk(statements(program), {"g": "g", "lr": "lr"}, lambda row, given: f"({row.symbol.join(given)})", str)
        ['(g+2.0)', '(lr*(g+2.0))']
    """
    found: list[Any] = []
    for target, operation, arguments in steps:
        given = [values[a] if type(a) is str or type(a) is int else constant(a) for a in arguments]
        values[target] = value = rule(OPERATIONS[operation], given)
        found.append(value)
    return found


def statements(program: Program) -> Iterable[Step]:
    """Return a program's statements as steps, whose results are called as in the program."""
    return ((statement.target, statement.operation, statement.arguments) for statement in program.statements)
