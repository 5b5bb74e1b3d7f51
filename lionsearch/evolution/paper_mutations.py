"""The paper's three mutations, and constant tuning: edits of a program's list of statements, live or dead.

- insert: one statement more, at a random place; not possible at the maximum length.
- delete: one statement fewer; not possible with a single statement.
- change: one argument of one statement differs; a constant becomes another constant or a variable, and so on.
- tune: one constant differs.

A new argument is a constant, or any variable that has a value there and whose kind the operation takes. What an edit
does to later statements is not looked at here: `mutate` checks the child, and draws again.

References: Chen et al. 2023, section 2.2.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from lionsearch.evolution.constant_draws import change_constant, draw_constant
from lionsearch.evolution.settings import MutationSettings
from lionsearch.graph import initial_kinds
from lionsearch.lang import OPERATIONS, Argument, Kind, Program, Statement

T = TypeVar("T", str, int | str)


def insert(parent: Program, rng: random.Random, settings: MutationSettings) -> Program | None:
    """Return the program with one statement more; its target is a new variable three times out of four."""
    statements = parent.statements
    if len(statements) >= settings.max_length:
        return None
    place = rng.randrange(len(statements) + 1)
    known = _kinds_before(parent, place)
    operation = rng.choice(settings.operations)
    arguments: list[Argument] = []
    for takes in OPERATIONS[operation].takes:
        argument = draw_argument(known, takes, rng, settings)
        if argument is None:
            return None
        arguments.append(argument)
    target = rng.choice([*known, _fresh_name(parent)]) if rng.random() < 0.5 else _fresh_name(parent)
    statement = Statement(target, operation, tuple(arguments))
    return replace(parent, statements=(*statements[:place], statement, *statements[place:]))


def delete(parent: Program, rng: random.Random, settings: MutationSettings) -> Program | None:
    """Return the program with one statement fewer."""
    del settings
    statements = parent.statements
    if len(statements) <= 1:
        return None
    place = rng.randrange(len(statements))
    return replace(parent, statements=statements[:place] + statements[place + 1 :])


def change(parent: Program, rng: random.Random, settings: MutationSettings) -> Program | None:
    """Return the program with one argument that differs."""
    statements = parent.statements
    if not statements:
        return None
    place = rng.randrange(len(statements))
    statement = statements[place]
    if not statement.arguments:
        return None
    position = rng.randrange(len(statement.arguments))
    old = statement.arguments[position]
    takes = OPERATIONS[statement.operation].takes[position]
    if isinstance(old, float) and rng.random() < 0.5:
        new: Argument | None = change_constant(old, rng, settings.constants)
    else:
        new = draw_argument(_kinds_before(parent, place), takes, rng, settings)
    return _with_argument(parent, place, position, new)


def tune(parent: Program, rng: random.Random, settings: MutationSettings) -> Program | None:
    """Return the program with one constant that differs."""
    constants = [
        (place, position, argument)
        for place, statement in enumerate(parent.statements)
        for position, argument in enumerate(statement.arguments)
        if isinstance(argument, float)
    ]
    if not constants:
        return None
    place, position, old = rng.choice(constants)
    return _with_argument(parent, place, position, change_constant(old, rng, settings.constants))


def draw_argument(
    known: Mapping[T, Kind], takes: tuple[bool, ...], rng: random.Random, settings: MutationSettings
) -> T | float | None:
    """Return a constant or one of the known values, as an argument that takes these kinds; None if none fits."""
    if takes[Kind.SCALAR] and rng.random() < settings.constant_probability:
        return draw_constant(rng, settings.constants)
    fitting = [value for value, kind in known.items() if takes[kind]]
    return rng.choice(fitting) if fitting else None


def _with_argument(parent: Program, place: int, position: int, new: Argument | None) -> Program | None:
    statements, old = parent.statements, parent.statements[place]
    if new is None or new == old.arguments[position]:
        return None
    arguments = (*old.arguments[:position], new, *old.arguments[position + 1 :])
    statement = Statement(old.target, old.operation, arguments)
    return replace(parent, statements=(*statements[:place], statement, *statements[place + 1 :]))


def _kinds_before(program: Program, place: int) -> dict[str, Kind]:
    """Return the kind of each variable that has a value before the statement at `place`."""
    known = initial_kinds(program)
    for statement in program.statements[:place]:
        kinds = [known[a] if isinstance(a, str) else Kind.SCALAR for a in statement.arguments]
        kind = OPERATIONS[statement.operation].result_kind(*kinds)
        assert kind is not None, "the program is valid"
        known[statement.target] = kind
    return known


def _fresh_name(program: Program) -> str:
    taken = {statement.target for statement in program.statements}
    taken.update(program.initial_variables)
    number = 1
    while f"v{number}" in taken:
        number += 1
    return f"v{number}"
