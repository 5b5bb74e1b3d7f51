"""Program -> the kind of every statement's result, found by running the program on kinds instead of numbers.

A valid program gives its update and its slots as tensors: a number that is the same for every weight of the model
is not an update rule. Non-goal: numbers; a program of valid kinds can still diverge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lionsearch.errors import Location, ProgramError
from lionsearch.graph.ssa import Graph
from lionsearch.graph.walk import statements, walk
from lionsearch.lang import INPUTS, Kind, Operation, Program, parse_with_locations


class KindError(ProgramError):
    """A statement whose arguments are of kinds that its operation does not take.

    Attributes:
        index: the statement, from 0; the number of statements stands for the return line.
    """

    def __init__(self, message: str, index: int):
        super().__init__(f"statement {index + 1}: {message}")
        self.detail, self.index = message, index

    def __reduce__(self) -> tuple[Any, ...]:
        return KindError, (self.detail, self.index)


class _MisfitError(Exception):
    """Arguments that an operation does not take; the position of the first that it never does, if there is one."""

    def __init__(self, row: Operation, given: Sequence[Kind], position: int | None = None):
        super().__init__(row.name)
        self._row, self._given, self._position = row, given, position

    def describe(self, arguments: Sequence[Any]) -> str:
        if self._position is None:
            return f"{self._row.name} cannot take {' and '.join(map(str, self._given))} together"
        argument, kind = arguments[self._position], self._given[self._position]
        shown = repr(argument) if isinstance(argument, str) else argument
        allowed = " or ".join(str(kind) for kind in sorted(self._row.accepts[self._position]))
        return f"{self._row.name} takes {allowed} here; {shown} is {kind}"


def initial_kinds(program: Program) -> dict[str, Kind]:
    """Return the kind of every variable that has a value before the first statement."""
    kinds = {name: INPUTS[name].kind for name in program.inputs}
    kinds.update(program.state)
    kinds.update((name, Kind.SCALAR) for name, _ in program.hyperparameters)
    return kinds


def infer_kinds(program: Program) -> tuple[Kind, ...]:
    """Return the kind of each statement's result.

    Raises:
        KindError: at the first statement whose arguments are of the wrong kinds, or if the update or a slot is not
            a tensor at the end, or if a variable is read before it is written.

    Examples:
        >>> from lionsearch.lang import parse
        >>> [str(kind) for kind in infer_kinds(parse("def train(w, g, lr): return g * norm(g)"))]
        ['a scalar per tensor', 'a tensor']
    """
    known = initial_kinds(program)
    kinds: list[Kind] = []

    def note_kind(row: Operation, given: Sequence[Kind]) -> Kind:
        kinds.append(kind_of(row, given))
        return kinds[-1]

    try:
        walk(statements(program), known, note_kind, scalar_kind)
    except KeyError as error:
        raise KindError(f"{error.args[0]!r} is read before it is written", len(kinds)) from None
    except _MisfitError as misfit:
        raise KindError(misfit.describe(program.statements[len(kinds)].arguments), len(kinds)) from None
    finals = ((program.update, Kind.TENSOR, "the update"), *((*item, "a slot") for item in program.state))
    for name, expected, role in finals:
        kind = known.get(name)
        if kind is not expected:
            found = "never written" if kind is None else str(kind)
            hint = " here" if role == "a slot" and program.slot_kinds else ""
            raise KindError(f"{role} must be {expected}{hint}; {name!r} is {found}", len(program.statements))
    return tuple(kinds)


def kind_of(row: Operation, given: Sequence[Kind]) -> Kind:
    """Return the kind of an operation's result: the rule of a `walk` for kinds."""
    for position, (takes, kind) in enumerate(zip(row.takes, given, strict=True)):
        if not takes[kind]:
            raise _MisfitError(row, given, position)
    kind = row.result_kind(*given)
    if kind is None:
        raise _MisfitError(row, given)
    return kind


def node_kinds(graph: Graph, leaves: Mapping[str, Kind]) -> tuple[Kind, ...]:
    """Return the kind of each node of a valid program's graph, from its leaves' kinds."""
    return tuple(walk(graph.steps, dict(leaves), kind_of, scalar_kind))


def scalar_kind(number: float) -> Kind:
    """Return the kind of a constant."""
    del number
    return Kind.SCALAR


def check_program(text: str, filename: str = "<program>") -> Program:
    """Parse a program and check its kinds; the one way from text to a program that can run.

    Raises:
        ProgramError: with file, line and column, if the text is not in the language or a kind is wrong.
    """
    parsed = parse_with_locations(text, filename)
    try:
        infer_kinds(parsed.program)
    except KindError as error:
        locations: tuple[Location, ...] = (*parsed.locations, parsed.return_location)
        raise ProgramError(error.detail, locations[error.index], text, filename) from None
    return parsed.program
