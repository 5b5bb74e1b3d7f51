"""Run a program's statements in order, with values stored in any space: the definition of what a program does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lionsearch.analysis import infer_kinds, initial_kinds
from lionsearch.lang import OPERATIONS, Kind, Program, Space


def run_statements(program: Program, space: Space, inputs: Mapping[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """Return the update and the slots' next values, as the program leaves them.

    Args:
        program: any valid program.
        space: how the values are stored.
        inputs: a value for every input and slot of the program; hyperparameters take their defaults.
    """
    values: dict[str, Any] = {**dict(program.hyperparameters), **inputs}
    kinds = initial_kinds(program)
    for statement, kind in zip(program.statements, infer_kinds(program), strict=True):
        arguments = [values[a] if isinstance(a, str) else a for a in statement.arguments]
        given = [kinds[a] if isinstance(a, str) else Kind.SCALAR for a in statement.arguments]
        values[statement.target] = OPERATIONS[statement.operation].apply(space, *arguments, kinds=given)
        kinds[statement.target] = kind
    return values[program.update], tuple(values[slot] for slot in program.slots)
