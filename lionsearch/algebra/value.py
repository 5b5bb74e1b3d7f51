"""What a variable of a program is worth, as a formula in one normal form: equal formulas are one value.

A value is a `Product`: a coefficient times signed powers of bases. A base is a leaf (an input, a slot, a
hyperparameter), an operation on values, or a sum of products. A signed power (b, odd, p) is sign(b)|b|^p if odd, else
|b|^p, with 0 at b = 0 whatever p is; so `m / sqrt(m * m)` is sign(m), in the language's total arithmetic, everywhere.

Two digests name a value: `key` is the same for equal values, constants to 12 digits; `skeleton` leaves out constants.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite

SUM = "+"
"""The operation of a base that is a sum of its arguments; the first argument's coefficient is 1."""

_DIGEST_BYTES = 12
_MOST = 8  # constants that order values of one skeleton


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"|".join((b"%d" % len(parts), *parts)), digest_size=_DIGEST_BYTES).digest()


def _first(groups: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
    found: list[float] = []
    for group in groups:
        found += group
        if len(found) >= _MOST:
            break
    return tuple(found[:_MOST])


Factor = tuple["Base", bool, Fraction]
"""A base, whether the power keeps its sign, and the power."""


@dataclass(frozen=True, eq=False)
class Base:
    """A leaf (no arguments), an operation, or a sum.

    Attributes:
        operation: its name, `SUM`, or the leaf's name.
        arguments: values; none for a leaf.
    """

    operation: str
    arguments: tuple[Product, ...] = ()
    key: bytes = field(init=False, repr=False)
    skeleton: bytes = field(init=False, repr=False)
    constants: tuple[float, ...] = field(init=False, repr=False)
    sound: bool = field(init=False, repr=False)
    """Whether no constant in it overflowed."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sound", all(argument.sound for argument in self.arguments))
        name = self.operation.encode()
        object.__setattr__(self, "key", _digest(name, *(argument.key for argument in self.arguments)))
        object.__setattr__(self, "skeleton", _digest(name, *(argument.skeleton for argument in self.arguments)))
        object.__setattr__(self, "constants", _first(argument.constants for argument in self.arguments))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Base) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def is_leaf(self) -> bool:
        """Whether it is an input, a slot or a hyperparameter."""
        return not self.arguments

    @property
    def is_sum(self) -> bool:
        """Whether it is a sum."""
        return self.operation == SUM


@dataclass(frozen=True, eq=False)
class Product:
    """A value: the coefficient times the factors; no factor means a constant.

    Attributes:
        coefficient: 0 only without factors; finite, or the value is not sound.
        factors: sorted, each base once.
    """

    coefficient: float
    factors: tuple[Factor, ...] = ()
    key: bytes = field(init=False, repr=False)
    unit: bytes = field(init=False, repr=False)
    """The key of the factors alone."""
    skeleton: bytes = field(init=False, repr=False)
    constants: tuple[float, ...] = field(init=False, repr=False)
    sound: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        whole = isfinite(self.coefficient) and (self.coefficient != 0 or not self.factors)
        object.__setattr__(self, "sound", whole and all(base.sound for base, _, _ in self.factors))
        powers = [b"%d|%s" % (odd, str(power).encode()) for _, odd, power in self.factors]
        bases = [base for base, _, _ in self.factors]
        unit = _digest(*powers, *(base.key for base in bases))
        skeleton = _digest(*powers, *(base.skeleton for base in bases), b"0" if self.coefficient == 0 else b"")
        object.__setattr__(self, "unit", unit)
        object.__setattr__(self, "key", _digest(b"%.12g" % self.coefficient, unit))
        object.__setattr__(self, "skeleton", skeleton)
        object.__setattr__(self, "constants", _first([(self.coefficient,), *(base.constants for base in bases)]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Product) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def is_constant(self) -> bool:
        """Whether it is a number."""
        return not self.factors

    @property
    def sum(self) -> Base | None:
        """The sum that it is a multiple of, or None."""
        if len(self.factors) != 1:
            return None
        base, odd, power = self.factors[0]
        return base if base.is_sum and odd and power == 1 else None


def order(value: Base | Product) -> tuple[object, ...]:
    """Return what values are sorted by: structure first, so that other constants change no order; constants last."""
    return (isinstance(value, Product) and value.is_constant, value.skeleton, value.constants)


def leaf(name: str) -> Product:
    """Return the value of an input, slot or hyperparameter."""
    return Product(1.0, ((Base(name), True, Fraction(1)),))


def number(value: float) -> Product:
    """Return a constant."""
    return Product(float(value))


ZERO, ONE = number(0.0), number(1.0)


def walk(values: Iterable[Product]) -> Iterator[Base]:
    """Yield every base in the values once, outer before inner."""
    seen: set[bytes] = set()
    waiting = [base for value in reversed(list(values)) for base, _, _ in reversed(value.factors)]
    while waiting:
        base = waiting.pop()
        if base.key in seen:
            continue
        seen.add(base.key)
        yield base
        waiting += [inner for value in reversed(base.arguments) for inner, _, _ in reversed(value.factors)]
