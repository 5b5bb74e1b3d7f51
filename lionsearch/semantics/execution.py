"""Run a program's statements in order, with values stored in any space: the definition of what a program does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lionsearch.graph import initial_kinds
from lionsearch.graph.walk import statements, walk
from lionsearch.lang import Kind, Operation, Program, Space


def run_statements(program: Program, space: Space, inputs: Mapping[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """Return the update and the slots' next values, as the program leaves them.

    Args:
        program: any valid program.
        space: how the values are stored.
        inputs: a value for every input and slot of the program; hyperparameters take their defaults.
    """
    given = {**dict(program.hyperparameters), **inputs}
    values = {name: (given[name], kind) for name, kind in initial_kinds(program).items() if name in given}

    def rule(row: Operation, arguments: list[tuple[Any, Kind]]) -> tuple[Any, Kind]:
        kinds = [kind for _, kind in arguments]
        kind = row.result_kind(*kinds)
        assert kind is not None, f"{row.name} of {kinds}: the program is not valid"
        return row.apply(space, *(value for value, _ in arguments), kinds=kinds), kind

    walk(statements(program), values, rule, lambda number: (number, Kind.SCALAR))
    return values[program.update][0], tuple(values[slot][0] for slot in program.slots)
