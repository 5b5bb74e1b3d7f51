"""Builds values in normal form: sums flattened, like terms and powers merged, constants folded and pulled outwards.

Every rule is a fact of the table of operations, or arithmetic of sums and products.
Non-goals: products of sums are not multiplied out, since formulas would grow and lose digits.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache

import numpy as np

from lionsearch.algebra.value import ONE, SUM, ZERO, Base, Factor, Product, leaf, number, order
from lionsearch.lang import INTERP, OPERATIONS, POWER, Scaling, Sign

_CANCELLED = 1e-14  # what is left of a difference, in parts of what went in, that is rounding
_HALF = Fraction(1, 2)
_MAX_POWER = 16


class Algebra:
    """Makes values.

    Args:
        nonnegative: names of leaves that are never below 0.
    """

    def __init__(self, nonnegative: Iterable[str] = ()):
        self._nonnegative = frozenset(nonnegative)
        self._signs: dict[bytes, int] = {}

    def apply(self, operation: str, arguments: Sequence[Product]) -> Product:
        """Return the value of an operation on values; where constants overflow or vanish, as it stands."""
        with np.errstate(all="ignore"):
            found = self._apply(operation, arguments)
        return found if found.sound else self._call(operation, list(arguments))

    def _apply(self, operation: str, arguments: Sequence[Product]) -> Product:
        match operation:
            case "add":
                return self.add(arguments)
            case "multiply":
                return self.multiply(arguments)
            case "power":
                return self._power(*arguments)
        row = OPERATIONS[operation]
        if row.shape_only:
            return self._call(operation, [leaf("w")])
        if row.power is not None:
            return self.raised(arguments[0], *row.power)
        if row.formula is not None and (operation != INTERP or arguments[2].is_constant):  # or formulas would grow
            names, body = _parsed(row.formula)
            return self._formula(body, dict(zip(names, arguments, strict=True)))
        return self._operation(operation, list(arguments))

    def add(self, terms: Iterable[Product]) -> Product:
        """Return a sum of values."""
        merged: dict[bytes, tuple[float, float, tuple[Factor, ...]]] = {}
        for term in self._flat(terms):
            total, size, _ = merged.get(term.unit, (0.0, 0.0, ()))
            merged[term.unit] = (total + term.coefficient, size + abs(term.coefficient), term.factors)
        left = [
            Product(total, factors)
            for total, size, factors in merged.values()
            if not abs(total) <= _CANCELLED * size  # what is not finite stays, to be seen
        ]
        if len(left) < 2:
            return left[0] if left else ZERO
        common = self._common_factors(left)
        if common:
            rest = self.add(Product(term.coefficient, self._divided(term.factors, common)) for term in left)
            return self.multiply([Product(1.0, tuple(common)), rest])
        left.sort(key=order)
        first = left[0].coefficient
        terms_ = tuple(Product(term.coefficient / first, term.factors) for term in left)
        return Product(first, ((Base(SUM, terms_), True, Fraction(1)),))

    def multiply(self, values: Iterable[Product]) -> Product:
        """Return a product of values."""
        coefficient = 1.0
        powers: dict[Base, tuple[bool, Fraction]] = {}
        for value in values:
            coefficient *= value.coefficient
            for base, odd, power in value.factors:
                had_odd, had_power = powers.get(base, (False, Fraction(0)))
                powers[base] = (odd != had_odd, power + had_power)
        return self._product(coefficient, ((base, odd, power) for base, (odd, power) in powers.items()))

    def raised(self, value: Product, odd: bool, power: Fraction) -> Product:
        """Return sign(x)^odd |x|^power, 0 at 0."""
        if value.coefficient == 0:
            return ZERO
        size = abs(value.coefficient)
        coefficient = math.copysign(float(np.float64(size) ** float(power)), value.coefficient if odd else 1.0)
        return self._product(coefficient, ((base, odd and had, power * p) for base, had, p in value.factors))

    def scaled(self, value: Product, by: float) -> Product:
        """Return the value times a number."""
        return self._product(value.coefficient * by, value.factors)

    def sign(self, value: Product) -> int:
        """Return 2 if the value is always above 0, 1 if never below, -1 and -2 for the opposite, else 0."""
        if value.is_constant:
            return 2 if value.coefficient > 0 else -2 if value.coefficient < 0 else 1
        signs = [self._factor_sign(*factor) for factor in value.factors]
        return min(signs) * (1 if value.coefficient > 0 else -1)

    def _factor_sign(self, base: Base, odd: bool, power: Fraction) -> int:
        known = self._base_sign(base)
        return known if known == 2 or odd else 1

    def _base_sign(self, base: Base) -> int:
        if base.key not in self._signs:
            self._signs[base.key] = self._find_sign(base)
        return self._signs[base.key]

    def _find_sign(self, base: Base) -> int:
        name = base.operation
        if base.is_leaf:
            return 2 if name == "t" else int(name in self._nonnegative)
        signs = [Sign(max(0, self.sign(argument))) for argument in base.arguments]
        if base.is_sum:
            return max(signs) if min(signs) > 0 else 0
        if name == POWER:
            return int(signs[0] > 0)  # it can underflow
        return OPERATIONS[name].sign(signs)

    def _product(self, coefficient: float, factors: Iterable[Factor]) -> Product:
        """Return the product in order, with what is known of signs used."""
        if coefficient == 0:
            return ZERO
        kept: list[Factor] = []
        for base, odd, power in factors:
            known = self._base_sign(base)
            if known == 2 and power == 0:
                continue  # x^0 = sign(x) = 1
            if known and odd != (power.denominator == 1 and power.numerator % 2 == 1):
                odd = not odd  # |x|^p and sign(x)|x|^p are one value; write x, x^2, sqrt(x)
            if power == 0 and not odd and known:
                odd = True  # written sign(x)
            kept.append((base, odd, power))
        kept.sort(key=lambda factor: (factor[0].skeleton, *factor[1:], factor[0].constants))
        product = Product(coefficient, tuple(kept))
        inner = product.sum
        if inner is not None and len(inner.arguments) == 1:
            return self.scaled(inner.arguments[0], coefficient)
        return product

    def _flat(self, terms: Iterable[Product]) -> Iterable[Product]:
        for term in terms:
            inner = term.sum
            if inner is None:
                yield term
            else:
                for part in inner.arguments:
                    yield Product(term.coefficient * part.coefficient, part.factors)

    def _common_factors(self, terms: Sequence[Product]) -> list[Factor]:
        """Return what can be taken out of every term: x A + x^2 B = x (A + x B), at x = 0 too."""
        if any(term.is_constant for term in terms):
            return []
        tables = [{base: (odd, power) for base, odd, power in term.factors} for term in terms]
        found: list[Factor] = []
        for base, (_, power) in tables[0].items():
            each = [table.get(base) for table in tables]
            if any(item is None for item in each) or any(item[1] * power <= 0 for item in each if item):
                continue
            least = min((item for item in each if item), key=lambda item: abs(item[1]))
            if all(item == least or abs(item[1]) > abs(least[1]) for item in each if item):
                found.append((base, *least))
        return found

    def _divided(self, factors: tuple[Factor, ...], common: Sequence[Factor]) -> tuple[Factor, ...]:
        taken = {base: (odd, power) for base, odd, power in common}
        left: list[Factor] = []
        for base, odd, power in factors:
            if base not in taken:
                left.append((base, odd, power))
            elif taken[base] != (odd, power):
                left.append((base, odd != taken[base][0], power - taken[base][1]))
        return self._product(1.0, left).factors

    def _power(self, value: Product, exponent: Product) -> Product:
        if exponent.is_constant and not value.is_constant:
            power = Fraction(exponent.coefficient).limit_denominator(64)
            exact = abs(float(power) - exponent.coefficient) < 1e-15 * abs(exponent.coefficient)
            whole = exact and power.denominator == 1 and 0 < power <= _MAX_POWER
            if whole or (exact and power != 0 and self.sign(value) == 2 and abs(power) <= _MAX_POWER):
                return self.raised(value, whole and power.numerator % 2 == 1, power)
        return self._operation(POWER, [value, exponent])

    def _formula(self, node: ast.expr, values: Mapping[str, Product]) -> Product:
        match node:
            case ast.Name(id=name):
                return values[name]
            case ast.Constant(value=value):
                return number(float(value))  # type: ignore[arg-type]
            case ast.UnaryOp(operand=operand):
                return self.scaled(self._formula(operand, values), -1.0)
            case ast.BinOp(left=left, op=operator, right=right):
                both = [self._formula(left, values), self._formula(right, values)]
                return self.add(both) if isinstance(operator, ast.Add) else self.multiply(both)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self.apply(name, [self._formula(argument, values) for argument in arguments])
        raise AssertionError(ast.dump(node))

    def _operation(self, name: str, arguments: list[Product]) -> Product:
        row = OPERATIONS[name]
        if row.elementwise is not None and all(argument.is_constant for argument in arguments):
            with np.errstate(all="ignore"):
                folded = float(row.elementwise(np, *(np.float64(argument.coefficient) for argument in arguments)))
            if math.isfinite(folded):
                return number(folded)
        chosen = {arguments[i] for i in row.selects}
        if len(chosen) == 1:
            return chosen.pop()
        if row.commutative:
            arguments = sorted(arguments, key=order)
        outer = 1.0
        for scaling in row.scalings:
            arguments, factor = _pull(scaling, arguments)
            outer *= factor
        if len(arguments) == 1 and (row.odd or row.even) and arguments[0].coefficient < 0:
            outer *= -1.0 if row.odd else 1.0
            arguments = [self.scaled(arguments[0], -1.0)]
        return self.scaled(self._call(name, arguments), outer)

    def _call(self, name: str, arguments: list[Product]) -> Product:
        if not arguments:
            return ONE
        return self._product(1.0, ((Base(name, tuple(arguments)), True, Fraction(1)),))


def _pull(scaling: Scaling, arguments: list[Product]) -> tuple[list[Product], float]:
    """Return the arguments with their common factor taken out, and what comes of it before the result."""
    taken = [arguments[i] for i in scaling.arguments]
    leading = next((value for value in taken if not value.is_constant), None)
    if leading is None:
        return arguments, 1.0
    factor = leading.coefficient if scaling.odd else abs(leading.coefficient)
    new = list(arguments)
    for i in scaling.arguments:
        new[i] = Product(arguments[i].coefficient / factor, arguments[i].factors)
    return new, factor if scaling.degree else math.copysign(1.0, factor)


@cache
def _parsed(formula: tuple[str, str]) -> tuple[tuple[str, ...], ast.expr]:
    names, text = formula
    return tuple(names.split()), ast.parse(text, mode="eval").body
