"""Program -> a slightly different valid program.

The paper's three mutations, each with its contract:

- insert: one statement more, at a random place; not possible at the maximum length.
- delete: one statement fewer; not possible with a single statement.
- change: one argument of one statement differs; a constant becomes another constant or a variable, and so on.

and one more for the baseline of constant tuning:

- tune: one constant times 2^a, a ~ N(0, 1).

A new constant is a draw from N(0, 1), or the old one times 2^a. Arguments of an inserted statement have the kinds
that its operation takes; what the mutation does to later statements is checked, and the draw repeated until the
child is valid: every parent has valid children. The parent is never changed.

References: Chen et al. 2023, section 2.2.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pydantic import Field, field_validator, model_validator

from lionsearch.analysis import KindError, infer_kinds, initial_kinds
from lionsearch.errors import nearest_hint
from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS, Argument, Kind, Program, Statement
from lionsearch.settings import Settings

_ATTEMPTS = 1000


class MutationRates(Settings):
    """How often each mutation is drawn, relative to the others."""

    insert: float = Field(default=1.0, ge=0)
    delete: float = Field(default=1.0, ge=0)
    change: float = Field(default=1.0, ge=0)
    tune: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _check_sum(self) -> MutationRates:
        if not self.insert + self.delete + self.change + self.tune > 0:
            raise ValueError("at least one mutation must have a rate above 0")
        return self


class MutationSettings(Settings):
    """How children are made.

    Attributes:
        operations: what an inserted statement may be.
        rates: of the mutations.
        max_length: statements of a program, dead ones included.
        constant_probability: how often a new argument is a constant where the operation takes one.
    """

    operations: tuple[str, ...] = PAPER_OPERATIONS
    rates: MutationRates = MutationRates()
    max_length: int = Field(default=60, gt=0)
    constant_probability: float = Field(default=0.3, ge=0, le=1)

    @field_validator("operations")
    @classmethod
    def _check_operations(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in OPERATIONS:
                raise ValueError(f"names an unknown operation {name!r}; {nearest_hint(name, OPERATIONS)}")
        if not names:
            raise ValueError("must name at least one operation")
        return names


def mutate(program: Program, rng: random.Random, settings: MutationSettings) -> tuple[Program, str]:
    """Return a valid child and the name of the mutation that made it.

    Args:
        program: a valid program; its hyperparameters count as constants.
        rng: drawn from until the child is valid.
        settings: the rates and bounds.

    Example:
        >>> from lionsearch.lang import parse
        >>> parent = parse("def train(w, g, lr): return g * lr")
        >>> child, change = mutate(parent, random.Random(0), MutationSettings())
        >>> change, child == parent
        ('change', False)
    """
    parent = program.inline_hyperparameters()
    rates = settings.rates
    for _ in range(_ATTEMPTS):
        change = rng.choices(tuple(MUTATIONS), (rates.insert, rates.delete, rates.change, rates.tune))[0]
        statements = MUTATIONS[change](parent, rng, settings)
        if statements is None:
            continue
        child = replace(parent, statements=statements, description="")
        try:
            infer_kinds(child)
        except KindError:
            continue
        return child, change
    return parent, "none"


def _insert(parent: Program, rng: random.Random, settings: MutationSettings) -> tuple[Statement, ...] | None:
    statements = parent.statements
    if len(statements) >= settings.max_length:
        return None
    place = rng.randrange(len(statements) + 1)
    known = _kinds_before(parent, place)
    operation = rng.choice(settings.operations)
    arguments: list[Argument] = []
    for takes in OPERATIONS[operation].takes:
        argument = _draw_argument(known, takes, rng, settings)
        if argument is None:
            return None
        arguments.append(argument)
    target = rng.choice([*known, _fresh_name(parent)]) if rng.random() < 0.5 else _fresh_name(parent)
    return (*statements[:place], Statement(target, operation, tuple(arguments)), *statements[place:])


def _delete(parent: Program, rng: random.Random, settings: MutationSettings) -> tuple[Statement, ...] | None:
    statements = parent.statements
    if len(statements) <= 1:
        return None
    place = rng.randrange(len(statements))
    return statements[:place] + statements[place + 1 :]


def _change(parent: Program, rng: random.Random, settings: MutationSettings) -> tuple[Statement, ...] | None:
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
        new: Argument | None = _rescale(old, rng)
    else:
        new = _draw_argument(_kinds_before(parent, place), takes, rng, settings)
    if new is None or new == old:
        return None
    return _with_argument(statements, place, position, new)


def _tune(parent: Program, rng: random.Random, settings: MutationSettings) -> tuple[Statement, ...] | None:
    statements = parent.statements
    constants = [
        (place, position)
        for place, statement in enumerate(statements)
        for position, argument in enumerate(statement.arguments)
        if isinstance(argument, float)
    ]
    if not constants:
        return None
    place, position = rng.choice(constants)
    old = statements[place].arguments[position]
    assert isinstance(old, float)
    new = _rescale(old, rng)
    return None if new == old else _with_argument(statements, place, position, new)


MUTATIONS = MappingProxyType({"insert": _insert, "delete": _delete, "change": _change, "tune": _tune})
"""Each mutation by name: (parent, rng, settings) -> statements, or None where the draw is not possible."""


def random_program(template: Program, rng: random.Random, settings: MutationSettings) -> Program:
    """Return a random valid program with the template's inputs and slots, for the baseline of random search.

    It is grown by random insertions from `update = g * lr`, up to a length drawn evenly from 2 to twice the
    template's (at most the maximum length).
    """
    seed = Statement("update", "multiply", ("g", "lr"))
    program = replace(template.inline_hyperparameters(), statements=(seed,), update="update")
    longest = min(settings.max_length, max(2, 2 * len(template.statements)))
    length = rng.randint(min(2, longest), longest)
    insert_only = MutationRates(insert=1.0, delete=0.0, change=0.0)
    growing = settings.model_copy(update={"rates": insert_only, "max_length": length})
    while len(program.statements) < length:
        program, change = mutate(program, rng, growing)
        if change == "none":
            break
    return program


def _draw_argument(
    known: Mapping[str, Kind], takes: tuple[bool, ...], rng: random.Random, settings: MutationSettings
) -> Argument | None:
    if takes[Kind.SCALAR] and rng.random() < settings.constant_probability:
        return rng.gauss(0.0, 1.0)
    fitting = [name for name, kind in known.items() if takes[kind]]
    return rng.choice(fitting) if fitting else None


def _rescale(constant: float, rng: random.Random) -> float | None:
    scaled = constant * 2.0 ** rng.gauss(0.0, 1.0)
    return scaled if math.isfinite(scaled) else None


def _with_argument(
    statements: tuple[Statement, ...], place: int, position: int, new: Argument | None
) -> tuple[Statement, ...] | None:
    if new is None:
        return None
    old = statements[place]
    arguments = (*old.arguments[:position], new, *old.arguments[position + 1 :])
    return (*statements[:place], Statement(old.target, old.operation, arguments), *statements[place + 1 :])


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
