"""Program -> the kind of every statement's result, found by running the program on kinds instead of numbers.

A valid program gives its update and its slots as tensors: a number that is the same for every weight of the model
is not an update rule. Non-goal: numbers; a program of valid kinds can still diverge.
"""

from __future__ import annotations

from typing import Any

from lionsearch.errors import Location, ProgramError
from lionsearch.lang import INPUTS, JOIN, OPERATIONS, Kind, Operation, Program, Statement, parse_with_locations


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

    Example:
        >>> from lionsearch.lang import parse
        >>> [str(kind) for kind in infer_kinds(parse("def train(w, g, lr): return g * norm(g)"))]
        ['a scalar per tensor', 'a tensor']
    """
    known = initial_kinds(program)
    kinds: list[Kind] = []
    for index, statement in enumerate(program.statements):
        kind = _result_kind(statement, known, index)
        known[statement.target] = kind
        kinds.append(kind)
    finals = ((program.update, Kind.TENSOR, "the update"), *((*item, "a slot") for item in program.state))
    for name, expected, role in finals:
        kind = known.get(name)
        if kind is not expected:
            found = "never written" if kind is None else str(kind)
            hint = " here" if role == "a slot" and program.slot_kinds else ""
            raise KindError(f"{role} must be {expected}{hint}; {name!r} is {found}", len(program.statements))
    return tuple(kinds)


def _result_kind(statement: Statement, known: dict[str, Kind], index: int) -> Kind:
    operation = OPERATIONS[statement.operation]
    joined: Kind | None = Kind.SCALAR
    for takes, argument in zip(operation.takes, statement.arguments, strict=True):
        if isinstance(argument, str):
            kind = known.get(argument)
            if kind is None:
                raise KindError(f"{argument!r} is read before it is written", index)
        else:
            kind = Kind.SCALAR
        if not takes[kind]:
            shown = repr(argument) if isinstance(argument, str) else argument
            allowed = " or ".join(str(kind) for kind, good in zip(Kind, takes, strict=True) if good)
            raise KindError(f"{operation.name} takes {allowed} here; {shown} is {kind}", index)
        if joined is not None:
            joined = JOIN[joined][kind]
    if operation.result is not None:
        return operation.result
    if operation.signatures is None and joined is not None:
        return joined
    return _looked_up(operation, [known[a] if isinstance(a, str) else Kind.SCALAR for a in statement.arguments], index)


def _looked_up(operation: Operation, kinds: list[Kind], index: int) -> Kind:
    """Return the kind by the operation's signatures, or say that the arguments' shapes do not fit together."""
    kind = operation.result_kind(*kinds)
    if kind is None:
        raise KindError(f"{operation.name} cannot take {' and '.join(map(str, kinds))} together", index)
    return kind


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
