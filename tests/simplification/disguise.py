"""A program in disguise: other hyperparameters, other names, dead statements in between."""

from __future__ import annotations

import random
from dataclasses import replace

from lionsearch.lang import Program, Statement

_DEAD = ("sin", "tanh", "square", "negative", "abs")


def perturb(program: Program, rng: random.Random) -> Program:
    """Every hyperparameter that is not 0 a few percent off; a decay by its distance from 1."""
    values = {}
    for name, value in program.hyperparameters:
        if name in program.settings and name.endswith("_every"):
            values[name] = value + 1  # a whole number of steps
            continue
        shift = 1 + rng.uniform(0.02, 0.1)
        values[name] = 1 - (1 - value) * shift if 0.5 < value < 1 else value * shift
    return program.with_hyperparameters(values)


def rename(program: Program) -> Program:
    """Every slot, hyperparameter and local variable under another name."""
    fixed = set(program.inputs) | set(program.settings)
    names: dict[str, str] = {}

    def new(name: str) -> str:
        return name if name in fixed else names.setdefault(name, f"var_{len(names)}")

    return replace(
        program,
        slots=tuple(new(slot) for slot in program.slots),
        hyperparameters=tuple((new(name), value) for name, value in program.hyperparameters),
        statements=tuple(
            Statement(new(s.target), s.operation, tuple(new(a) if isinstance(a, str) else a for a in s.arguments))
            for s in program.statements
        ),
        update=new(program.update),
    )


def add_dead_statements(program: Program, rng: random.Random, count: int = 10) -> Program:
    """So many statements whose results nothing reads, each reading what there is at its place."""
    statements = list(program.statements)
    for number in range(count):
        place = rng.randint(0, len(statements))
        known = [*program.initial_variables, *(s.target for s in statements[:place])]
        readable = [name for name in known if not name.startswith("dead_")]
        statements.insert(place, Statement(f"dead_{number}", rng.choice(_DEAD), (rng.choice(readable),)))
    return replace(program, statements=tuple(statements))


def disguise(program: Program, seed: int) -> Program:
    """All three."""
    rng = random.Random(seed)
    return add_dead_statements(rename(perturb(program, rng)), rng)
