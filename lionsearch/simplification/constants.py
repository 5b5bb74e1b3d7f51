"""Constants: named where their role is plain, decays merged, and rounded to as few digits as the score allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, count

from lionsearch.lang import POWER, Program
from lionsearch.lang.program import Argument
from lionsearch.simplification.exact import simplify_exactly
from lionsearch.simplification.paired import Scorer
from lionsearch.simplification.roles import DECAY, EPSILON, RATE, WEIGHT_DECAY, Role, find_roles
from lionsearch.simplification.steps import Step, make_step

_ORDER = (DECAY, WEIGHT_DECAY, EPSILON, RATE)
_FEW_DIGITS = 3  # what has no more is left alone, so that a second simplification changes nothing
_MOST_DIGITS = 6


def name_constants(program: Program) -> Program:
    r"""Return the program with hyperparameters for constants whose role shows: b1, b2, weight_decay, eps, lr_scale.

    Decays of averages of gradients come first; those of averages of squares or absolute values are named from b2 on. Of
    one value there is one name, and the powers of a decay that correct a bias have it too.

    Examples:
        >>> from lionsearch.lang import parse
        >>> raw = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * (lr * 0.1), m")
        >>> name_constants(raw).hyperparameters
        (('b1', 0.9), ('lr_scale', 0.1))
    """
    taken = {*program.initial_variables, *(statement.target for statement in program.statements)}
    names: dict[tuple[str, float], str] = {}
    places = [(index, role) for index, role in enumerate(find_roles(program)) if role is not None]
    for index, role in sorted(places, key=lambda place: (_ORDER.index(place[1].what), place[1].moment)):
        value = float(program.statements[index].arguments[role.position])
        name = names.get((role.what, value)) or _free_name(role, taken)
        if name is not None:
            names[role.what, value] = name
            taken.add(name)
            program = _with_argument(program, index, role.position, name)
    for index, statement in enumerate(program.statements):
        base = statement.arguments[0] if statement.operation == POWER and "t" in statement.arguments else None
        if isinstance(base, float) and (DECAY, base) in names:
            program = _with_argument(program, index, 0, names[DECAY, base])
    added = tuple((name, value) for (_, value), name in names.items())
    return replace(program, hyperparameters=(*program.hyperparameters, *added))


def merge_decays(
    program: Program, base: Program, scorer: Scorer, tolerance: float, listener: Callable[[Step, Program], None]
) -> Program:
    """Return the program with decays b1, b2 ... made one where the score allows it."""
    decays = [(name, value) for name, value in program.hyperparameters if name.startswith("b") and name[1:].isdigit()]
    for (one, first), (other, second) in combinations(decays, 2):
        for value in dict.fromkeys((first, second)):
            merged = _without(program.with_hyperparameters({one: value}), other, one)
            shorter, _ = simplify_exactly(merged)
            difference = scorer.within(shorter, base, tolerance)
            if difference is not None:
                scores = scorer.score(program), scorer.score(shorter)
                change = f"{other} = {second:g} and {one} = {first:g}  ->  {one} = {value:g}"
                listener(make_step("one decay for two", change, shorter, *scores, difference.interval), shorter)
                return merge_decays(shorter, base, scorer, tolerance, listener)
    return program


def round_constants(
    program: Program, base: Program, scorer: Scorer, tolerance: float, listener: Callable[[Step, Program], None]
) -> Program:
    """Return the program with each constant rounded to the fewest digits with which the score stays."""
    current = program
    for name, value in program.hyperparameters:
        for rounded in _rounded(value):
            variant = current.with_hyperparameters({name: rounded})
            if _accept(f"{name} = {value!r}", rounded, current, variant, base, scorer, tolerance, listener):
                current = variant
                break
    for index, statement in enumerate(program.statements):
        for position, value in enumerate(statement.arguments):
            for rounded in _rounded(value) if isinstance(value, float) else ():
                variant = _with_argument(current, index, position, rounded)
                if _accept(repr(value), rounded, current, variant, base, scorer, tolerance, listener):
                    current = variant
                    break
    return current


def _accept(
    what: str,
    rounded: float,
    current: Program,
    variant: Program,
    base: Program,
    scorer: Scorer,
    tolerance: float,
    listener: Callable[[Step, Program], None],
) -> bool:
    difference = scorer.within(variant, base, tolerance)
    if difference is None:
        return False
    scores = scorer.score(current), scorer.score(variant)
    listener(make_step("rounded", f"{what}  ->  {rounded!r}", variant, *scores, difference.interval), variant)
    return True


def _rounded(value: float) -> Iterator[float]:
    """Yield the value with 1, 2, ... digits, for 0.5 to 1 those of its distance from 1; nothing if it is short."""
    near = 0.5 < value < 1
    exact = round(1 - value, 12) if near else value
    if float(f"{exact:.{_FEW_DIGITS - 1}e}") == exact:
        return
    for digits in range(1, _MOST_DIGITS):
        short = float(f"{exact:.{digits - 1}e}")
        found = round(1 - short, 12) if near else short
        if found == value or not math.isfinite(found):
            return
        yield found


def _with_argument(program: Program, index: int, position: int, value: Argument) -> Program:
    statement = program.statements[index]
    arguments = (*statement.arguments[:position], value, *statement.arguments[position + 1 :])
    changed = replace(statement, arguments=arguments)
    return replace(program, statements=(*program.statements[:index], changed, *program.statements[index + 1 :]))


def _without(program: Program, gone: str, kept: str) -> Program:
    """Return the program with one hyperparameter in the place of another."""
    statements = tuple(statement.map(lambda a: kept if a == gone else a) for statement in program.statements)
    left = tuple(item for item in program.hyperparameters if item[0] != gone)
    return replace(program, statements=statements, hyperparameters=left)


def _free_name(role: Role, taken: set[str]) -> str | None:
    """Return b1, b2 ... for a decay, from b2 on for one of squares; the role's name for another, if it is free."""
    if role.what == DECAY:
        return next(name for name in (f"b{number}" for number in count(role.moment)) if name not in taken)
    return None if role.what in taken else role.what
