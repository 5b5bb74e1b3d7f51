"""Run a program's statements in order, with values stored in any space: the definition of what a program does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lionsearch.graph import initial_kinds
from lionsearch.graph.kind_inference import scalar_kind
from lionsearch.graph.walk import statements, walk
from lionsearch.lang import Kind, Operation, Program, Space

Outcome = tuple[Any, tuple[Any, ...]]
"""An update, and the next value of each slot."""


def run_statements(program: Program, space: Space, inputs: Mapping[str, Any]) -> Outcome:
    """Return the update and the slots' next values, as the program leaves them.

    Args:
        program: any valid program.
        space: how the values are stored.
        inputs: a value for every input and slot of the program; hyperparameters take their defaults.
    """
    return prepare_statements(program, space)(inputs)


def prepare_statements(program: Program, space: Space) -> Callable[[Mapping[str, Any]], Outcome]:
    """Return `run_statements` of a program as a function of its inputs, for many steps: kinds are found once."""
    kinds: list[Sequence[Kind]] = []

    def find_kind(row: Operation, given: list[Kind]) -> Kind:
        kind = row.result_kind(*given)
        assert kind is not None, f"{row.name} of {given}: the program is not valid"
        kinds.append(given)
        return kind

    steps, defaults = tuple(statements(program)), dict(program.hyperparameters)
    walk(steps, initial_kinds(program), find_kind, scalar_kind)

    def run(inputs: Mapping[str, Any]) -> Outcome:
        values, remaining = {**defaults, **inputs}, iter(kinds)
        walk(steps, values, lambda row, given: row.apply(space, *given, kinds=next(remaining)), lambda number: number)
        return values[program.update], tuple([values[slot] for slot in program.slots])

    return run
