"""Which known method a program is: one of the same canonical form, whose hyperparameters give the same constants."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

import numpy as np

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.compose import compose, is_expression
from lionsearch.graph import infer_kinds, remove_dead_code
from lionsearch.identification.canonical import Canonical, aligned_constants, canonicalize
from lionsearch.lang import ADD, MULTIPLY, OPERATIONS, POWER, Kind, Program

_AGREES = 1e-6
"""How far fitted constants may be off, in parts of their size: the digits that float32 programs are written with."""

_LOOSE = 1e-6
"""How small a singular value of the fit's Jacobian is, in parts of the largest, where a change changes nothing."""

_DIGITS = 6
_ZERO_SWITCH = 0.01
"""What a hyperparameter that is 0 by default is tried with, as weight decay often is."""

_CAN_BE_OFF = ("weight_decay", "eps")
_FAR = 1e3
_NEAR_ONE = 1e-6


@dataclass(frozen=True, slots=True)
class Match:
    """A known program that a program equals up to constants.

    Attributes:
        name: of the known program, or a composition.
        hyperparameters: with which it is the program, by name.
        distance: how far they are from the defaults: the larger, the less usual.
        free: how many of them were fitted; a method with fewer is the more special one.
    """

    name: str
    hyperparameters: tuple[tuple[str, float], ...]
    distance: float
    free: int


@dataclass(frozen=True, slots=True)
class _Variant:
    """A known program at a point around which its skeleton does not change."""

    name: str
    program: Program
    fixed: frozenset[str]
    rank: int


@dataclass(frozen=True, slots=True)
class _Fitted:
    """What a fit has found, and the hyperparameters for which other values would do as well, some of them together."""

    variant: _Variant
    match: Match
    loose: list[str]


def match_known(program: Program, names: Sequence[str] | None = None) -> list[Match]:
    """Return the known programs that a program equals, the most special and usual first; hyperparameters fitted.

    Args:
        program: any valid program.
        names: of programs to compare with, compositions included; all known ones by default.

    Examples:
        >>> found = match_known(load_program("lion").with_hyperparameters({"b2": 0.95}), ["adam", "lion"])
        >>> found[0].name, dict(found[0].hyperparameters)["b2"]
        ('lion', 0.95)
    """
    ours, given = canonicalize(program), remove_dead_code(program).settings
    wanted = shape_of_program(program)
    found: list[tuple[int, Match]] = []
    for name in shipped_names() if names is None else names:
        if known_shape(name) != wanted:
            continue
        for variant in _variants(name):
            match = _fit_usually(_with_settings(variant, given), ours)
            if match is not None:
                found.append((variant.rank, match))
                break
    return [match for _, match in sorted(found, key=lambda item: (item[1].free, item[0], item[1].distance))]


@cache
def shipped_names() -> tuple[str, ...]:
    """Return the names of the programs that come with lionsearch."""
    return tuple(sorted(path.stem for path in PROGRAMS.shipped.glob("*.py")))


@cache
def load_known(name: str) -> Program:
    """Return a shipped program or a composition of them, whatever the working folder holds."""
    return compose(name, load_known) if is_expression(name) else load_program(str(PROGRAMS.shipped / f"{name}.py"))


def list_forms() -> Iterator[tuple[str, bytes]]:
    """Yield the shipped programs, each with the skeleton of every form that it has."""
    for name in shipped_names():
        for variant in _variants(name):
            yield name, _form(variant).skeleton


@dataclass(frozen=True, slots=True)
class Shape:
    """What is cheap to compare before canonical forms are: programs that are one rule have one shape.

    Attributes:
        kinds: of the slots, sorted.
        inputs: the optional ones.
        operations: those on tensors that algebra leaves alone.
    """

    kinds: tuple[int, ...]
    inputs: tuple[str, ...]
    operations: frozenset[str]

    def has_room_for(self, part: Shape) -> bool:
        """Return whether a composition of this shape can have a part of that shape."""
        return (
            not Counter(part.kinds) - Counter(self.kinds)
            and set(part.inputs) <= set(self.inputs)
            and part.operations <= self.operations
        )


def shape_of_program(program: Program) -> Shape:
    """Return the shape of a program's live part."""
    live = remove_dead_code(program)
    names = {s.operation for s, kind in zip(live.statements, infer_kinds(live), strict=True) if kind is not Kind.SCALAR}
    kinds = tuple(sorted(int(kind) for _, kind in live.state))
    return Shape(kinds, tuple(sorted(live.optional_inputs)), frozenset(names - _ALGEBRA))


@cache
def known_shape(name: str) -> Shape:
    """Return the shape of a known program or composition."""
    return shape_of_program(load_known(name))


@cache
def _variants(name: str) -> tuple[_Variant, ...]:
    """Return a known program at its defaults, near them, with what is 0 turned on, and with weight decay turned off."""
    program = load_known(name)
    given = dict(program.hyperparameters)
    zeros = frozenset(key for key, value in given.items() if value == 0)
    on = program.with_hyperparameters(dict.fromkeys(zeros, _ZERO_SWITCH))
    found = [_Variant(name, _moved(program), zeros, 0), _Variant(name, program, zeros, 0)]
    if zeros:
        found.append(_Variant(name, _moved(on), frozenset(), 1))
    switches = [name for name in _CAN_BE_OFF if given.get(name)]
    for count in range(1, len(switches) + 1):
        for names in combinations(switches, count):
            off = program.with_hyperparameters(dict.fromkeys(names, 0.0))
            found.append(_Variant(name, _moved(off), zeros | set(names), count))
    return tuple(found)


def _moved(program: Program) -> Program:
    """Return the program with each hyperparameter a little off its default, so that no two are equal by chance."""
    values = {}
    for number, (name, value) in enumerate(program.hyperparameters, 1):
        if name in program.settings:
            continue
        shift = 1 + 0.0037 * number
        values[name] = 1 - (1 - value) * shift if 0.5 < value < 1 else value * shift
    return program.with_hyperparameters(values)


def _with_settings(variant: _Variant, given: Mapping[str, float]) -> _Variant:
    """Return the variant with its inputs computed as the program's are: that is no matter of fitting."""
    own = {name: value for name, value in given.items() if name in dict(variant.program.hyperparameters)}
    if not own:
        return variant
    return replace(variant, program=variant.program.with_hyperparameters(own), fixed=variant.fixed | set(own))


def _fit_usually(variant: _Variant, ours: Canonical) -> Match | None:
    """Return the hyperparameters with which a known program has our constants, or None if there are none.

    Where several sets are one rule, as where two hyperparameters are read only in their product, it is the most usual.
    """
    fitted = _fit(variant, ours)
    if fitted is None:
        return None
    free = fitted.match.free  # says how special the method is, whatever is settled below
    while fitted.loose and fitted.match.distance > _AGREES:
        settled = [_fit(_settle(fitted.variant, name), ours) for name in fitted.loose]
        found = [each for each in settled if each is not None]
        if not found:
            break
        fitted = min(found, key=_how_unusual)
    return replace(fitted.match, free=free)


def _settle(variant: _Variant, name: str) -> _Variant:
    """Return the variant with a hyperparameter at its default, not to be fitted."""
    program = variant.program.with_hyperparameters({name: dict(load_known(variant.name).hyperparameters)[name]})
    return replace(variant, program=program, fixed=variant.fixed | {name})


def _how_unusual(fitted: _Fitted) -> tuple[int, float]:
    """Return how many hyperparameters are off their defaults, and how far; the last digits of a fit do not count."""
    values = dict(fitted.match.hyperparameters)
    defaults = load_known(fitted.match.name).hyperparameters
    unusual = sum(not math.isclose(values[name], default, rel_tol=1e-4) for name, default in defaults)
    return unusual, round(fitted.match.distance, 3)


def _fit(variant: _Variant, ours: Canonical) -> _Fitted | None:
    """Return a known program's hyperparameters with our constants, or None if there are none."""
    if _form(variant).skeleton != ours.skeleton:
        return None
    given = dict(variant.program.hyperparameters)
    free = [name for name in given if name not in variant.fixed]

    def residuals(point: np.ndarray) -> np.ndarray:
        values = {name: _from_line(given[name], x) for name, x in zip(free, point, strict=True)}
        theirs = canonicalize(variant.program.with_hyperparameters(values))
        if theirs.skeleton != ours.skeleton:
            return np.full(count, _FAR)
        one, other = aligned_constants(ours, theirs)
        size = np.maximum(np.maximum(np.abs(one), np.abs(other)), 1e-300)
        size = np.minimum(size, np.maximum(np.abs(1 - np.abs(one)), _NEAR_ONE))  # of a decay, 1 - b is what counts
        found = np.full(count, 0.0)
        found[: len(one)] = ((one - other) / size)[:count]
        return found

    from scipy.optimize import least_squares  # here, because it takes long to load, and forms need it not

    count = max(len(aligned_constants(ours, _form(variant))[0]), len(free), 1)
    point, loose = np.zeros(len(free)), []
    if free:
        with np.errstate(all="ignore"):
            solved = least_squares(residuals, point, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=30)
        point, loose = solved.x, [name for name in _loose(solved.jac, free) if name != "lr_scale"]
    if float(np.max(np.abs(residuals(point)))) > _AGREES:
        return None
    fitted = {name: _from_line(given[name], x) for name, x in zip(free, point, strict=True)}
    values = tuple((name, shorten(fitted.get(name, value), _DIGITS)) for name, value in given.items())
    return _Fitted(variant, Match(variant.name, values, _distance(variant.name, dict(values)), len(free)), loose)


def _loose(jacobian: np.ndarray, names: Sequence[str]) -> list[str]:
    """Return the hyperparameters that can change, some of them together, with no change of any constant."""
    _, sizes, directions = np.linalg.svd(jacobian)
    still = directions[sizes <= _LOOSE * np.max(sizes, initial=0.0)]
    return [name for name, parts in zip(names, still.T, strict=True) if np.max(np.abs(parts), initial=0.0) > 0.1]


@cache
def _form(variant: _Variant) -> Canonical:
    return canonicalize(variant.program)


def shorten(value: float, digits: int) -> float:
    """Return a value with so many digits; what is in (0.5, 1) with those of its distance from 1.

    Examples:
        >>> shorten(0.123456, 3), shorten(0.99956789, 3)
        (0.123, 0.999568)
    """
    if 0.5 < value < 1:
        return round(1 - float(f"{1 - value:.{digits}g}"), 15)
    return float(f"{value:.{digits}g}")


def _from_line(start: float, x: float) -> float:
    """Return the value that is x away from the start on a line without ends: what is in (0.5, 1) stays below 1."""
    if 0.5 < start < 1:
        return 1 - (1 - start) * math.exp(-min(max(x, -20), 20))
    return start * math.exp(min(max(x, -50), 50)) if start > 0 else start + x


def _distance(name: str, values: dict[str, float]) -> float:
    """Return how far hyperparameters are from the defaults, in doublings; a beta by its distance from 1.

    The factor of the learning rate says nothing about the method.
    """
    total = 0.0
    for key, default in load_known(name).hyperparameters:
        if key == "lr_scale":
            continue
        value = values[key]
        if 0.5 < default < 1 and value < 1:
            value, default = 1 - value, 1 - default
        if value == default:
            continue
        total += abs(math.log2(value / default)) if value > 0 and default > 0 else 10.0
    return total


_ALGEBRA = {ADD, MULTIPLY, POWER} | {row.name for row in OPERATIONS.values() if row.power or row.formula}
