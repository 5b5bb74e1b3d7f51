"""Run a program's statements in order, with values stored in any space: the definition of what a program does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lionsearch.graph import initial_kinds
from lionsearch.graph.walk import statements, walk
from lionsearch.lang import Kind, Operation, Program, Space


class Execution:
    """A program ready to be run many times: what does not depend on values is found once.

    Args:
        program: any valid program.
        space: how the values are stored.
        given: names of the inputs and slots that a run is given.
    """

    def __init__(self, program: Program, space: Space, given: Collection[str]):
        self._program, self._space, self._steps = program, space, list(statements(program))
        self._defaults = dict(program.hyperparameters)
        kinds = {name: kind for name, kind in initial_kinds(program).items() if name in given or name in self._defaults}
        self._names = tuple(kinds)
        self._kinds: list[list[Kind]] = []

        def rule(row: Operation, arguments: list[Kind]) -> Kind:
            kind = row.result_kind(*arguments)
            assert kind is not None, f"{row.name} of {arguments}: the program is not valid"
            self._kinds.append(arguments)
            return kind

        walk(self._steps, kinds, rule, lambda number: Kind.SCALAR)

    def run(self, inputs: Mapping[str, Any]) -> tuple[Any, tuple[Any, ...]]:
        """Return the update and the slots' next values, as the program leaves them; hyperparameters by default."""
        values = {name: inputs[name] if name in inputs else self._defaults[name] for name in self._names}
        kinds = iter(self._kinds)

        def rule(row: Operation, arguments: list[Any]) -> Any:
            return row.apply(self._space, *arguments, kinds=next(kinds))

        walk(self._steps, values, rule, lambda number: number)
        return values[self._program.update], tuple(values[slot] for slot in self._program.slots)


def run_statements(program: Program, space: Space, inputs: Mapping[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """Return the update and the slots' next values, as the program leaves them.

    Args:
        program: any valid program.
        space: how the values are stored.
        inputs: a value for every input and slot of the program; hyperparameters take their defaults.
    """
    return Execution(program, space, inputs).run(inputs)
