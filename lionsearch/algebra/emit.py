"""Value in normal form -> the fewest statements that compute it, given what is computed already.

`Emitter` grows a list of nodes. What it is not told to hit exactly, it computes up to a constant factor and says which,
so that factors gather where they cost nothing: in another constant, or in the scale of `interp`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from lionsearch.algebra.normal_form import Algebra
from lionsearch.algebra.value import Base, Factor, Product
from lionsearch.graph import Node, Reference
from lionsearch.lang import ADD, DIVIDE, INPUTS, INTERP, MULTIPLY, POWER, SUBTRACT, Kind

Scaled = tuple[Reference, float]
"""A reference, and how many times the value it is."""

_SAME = 1e-12
_WRAPPERS: dict[tuple[bool, Fraction], tuple[str, ...]] = {
    (True, Fraction(1)): (),
    (False, Fraction(1)): ("abs",),
    (False, Fraction(2)): ("square",),
    (True, Fraction(2)): ("square", "*sign"),
    (True, Fraction(3)): ("cube",),
    (False, Fraction(3)): ("cube", "abs"),
    (False, Fraction(4)): ("square", "square"),
    (False, Fraction(1, 2)): ("sqrt",),
    (False, Fraction(1, 4)): ("sqrt", "sqrt"),
    (True, Fraction(1, 3)): ("cbrt",),
    (False, Fraction(1, 3)): ("cbrt", "abs"),
    (False, Fraction(2, 3)): ("cbrt", "square"),
    (True, Fraction(0)): ("sign",),
    (False, Fraction(0)): ("sign", "abs"),
}
"""Operations, innermost first, that make a signed power."""


class TooManyError(Exception):
    """More nodes than allowed."""


class Emitter:
    """Appends nodes.

    Args:
        algebra: for signs.
        nodes: those that there are.
        available: values that are computed already, each with its reference.
        budget: how many nodes may be added.
        name: of the nodes added.
        slots: names of the slots, for which `interp` is used.
    """

    def __init__(
        self,
        algebra: Algebra,
        nodes: Sequence[Node],
        available: Iterable[tuple[Product, Reference]],
        budget: int,
        name: str,
        slots: Iterable[str],
    ):
        self._slots = frozenset(slots)
        self._algebra, self._name, self._most = algebra, name, len(nodes) + budget
        self.nodes = list(nodes)
        self._available: dict[bytes, list[tuple[Product, Reference]]] = {}
        for value, reference in available:
            if not value.is_constant:
                self._available.setdefault(value.unit, []).append((value, reference))
        self._found: dict[bytes, Scaled] = {}

    def emit(self, value: Product) -> Reference:
        """Return a reference to the value.

        Raises:
            TooManyError: if it takes more nodes than the budget, or constants that overflow.
        """
        if value.is_constant:
            return value.coefficient
        try:
            reference, scale = self._up_to_scale(value.factors, value.unit, value.coefficient)
            return self._multiplied(reference, value.coefficient / scale)
        except ArithmeticError:
            raise TooManyError from None

    def _multiplied(self, reference: Reference, by: float) -> Reference:
        if _same(by, 1.0):
            return reference
        if _same(by, -1.0):
            return self._node("negative", reference)
        if isinstance(reference, float):
            return reference * by
        if not math.isfinite(by) or by == 0:
            raise OverflowError
        return self._node(MULTIPLY, reference, rounded(by))

    def _node(self, operation: str, *arguments: Reference) -> Reference:
        node = Node(operation, arguments, self._name)
        for index, old in enumerate(self.nodes):
            if old.operation == operation and old.arguments == arguments:
                return index
        if len(self.nodes) >= self._most:
            raise TooManyError
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _up_to_scale(self, factors: tuple[Factor, ...], unit: bytes, wanted: float | None) -> Scaled:
        """Return what stands for a product of factors, times any number."""
        known = [(reference, value.coefficient) for value, reference in self._available.get(unit, ())]
        if len(factors) == 1 and factors[0][0].is_leaf and factors[0][1:] == (True, 1):
            known.append((factors[0][0].operation, 1.0))
        if known:
            return next((item for item in known if wanted is not None and _same(item[1], wanted)), known[0])
        if unit in self._found:
            return self._found[unit]
        part = self._known_part(factors)
        if len(factors) == 1 and part is None:
            found = self._factor(factors[0], wanted)
        else:
            found = self._several(factors, part, wanted)
        self._found[unit] = found
        return found

    def _known_part(self, factors: tuple[Factor, ...]) -> Product | None:
        """Return the largest available value all of whose factors are among these, but at least two of them."""
        table = set(factors)
        values = (entries[0][0] for entries in self._available.values())
        parts = [value for value in values if 1 < len(value.factors) < len(factors) and table.issuperset(value.factors)]
        return max(parts, key=lambda value: len(value.factors), default=None)

    def _several(self, factors: tuple[Factor, ...], part: Product | None, wanted: float | None) -> Scaled:
        above: list[Scaled] = []
        below: list[Scaled] = []
        rest = list(factors)
        if part is not None:
            above.append(self._up_to_scale(part.factors, part.unit, None))
            rest = [factor for factor in factors if factor not in part.factors]
        last = next((factor for factor in rest if factor[0].is_sum and factor[1] and factor[2] == 1), None)
        for group in _grouped([factor for factor in rest if factor is not last]):
            numerator = group[0][2] >= 0
            (above if numerator else below).append(self._group([(b, odd, abs(power)) for b, odd, power in group]))
        scale = math.prod(scale for _, scale in above) / math.prod(scale for _, scale in below)
        if last is not None:  # a sum fits itself to the scale of the others
            found = self._up_to_scale((last,), Product(1.0, (last,)).unit, None if wanted is None else wanted / scale)
            above.insert(0, found)
            scale *= found[1]
        if not above:
            left = 1.0 if wanted is None else wanted / scale
            return self._node(DIVIDE, left, self._chain(MULTIPLY, below)), left * scale
        if wanted is not None and not _same(wanted / scale, 1.0):
            above = self._absorb(above, wanted / scale)
            scale = wanted
        above.sort(key=lambda item: _is_scalar(item[0]))
        whole = self._chain(MULTIPLY, above)
        if below:
            whole = self._node(DIVIDE, whole, self._chain(MULTIPLY, below))
        return whole, scale

    def _absorb(self, values: list[Scaled], by: float) -> list[Scaled]:
        """Return the values with one of them multiplied: a scalar, if there is one."""
        at = next((i for i, (reference, _) in enumerate(values) if _is_scalar(reference)), None)
        if at is None:
            return [(self._multiplied(self._chain(MULTIPLY, values), by), 1.0)]
        scalar = (self._multiplied(values[at][0], by), 1.0)
        return [*values[:at], *values[at + 1 :], scalar]

    def _group(self, group: Sequence[Factor]) -> Scaled:
        """Return what stands for factors of the same power: the power of their product."""
        if len(group) == 1:
            return self._up_to_scale((group[0],), Product(1.0, (group[0],)).unit, None)
        _, odd, power = group[0]
        inner = self._algebra.multiply(Product(1.0, ((base, True, Fraction(1)),)) for base, _, _ in group)
        reference, scale = self._up_to_scale(inner.factors, inner.unit, None)
        return self._powered(reference, scale, odd, power)

    def _factor(self, factor: Factor, wanted: float | None) -> Scaled:
        base, odd, power = factor
        if power < 0:
            reference, scale = self._group([(base, odd, -power)])
            left = 1.0 if wanted is None else wanted * scale
            return self._node(DIVIDE, left, reference), left / scale
        if odd and power == 1:
            return self._base(base, wanted)
        plain = (base, True, Fraction(1))
        reference, scale = self._up_to_scale((plain,), Product(1.0, (plain,)).unit, None)
        return self._powered(reference, scale, odd, power)

    def _powered(self, reference: Reference, scale: float, odd: bool, power: Fraction) -> Scaled:
        changed = math.copysign(abs(scale) ** float(power), scale if odd else 1.0)
        wrappers = _WRAPPERS.get((odd, power))
        if wrappers is None:
            size = reference if odd and power.denominator == 1 else self._node("abs", reference)
            found = self._node(POWER, size, float(power))
            if odd and not (power.denominator == 1 and power.numerator % 2):
                found = self._node(MULTIPLY, found, self._node("sign", reference))
            return found, changed
        found = reference
        for wrapper in wrappers:
            if wrapper == "*sign":
                found = self._node(MULTIPLY, found, self._node("sign", reference))
            else:
                found = self._node(wrapper, found)
        return found, changed

    def _base(self, base: Base, wanted: float | None) -> Scaled:
        if base.is_leaf:
            return base.operation, 1.0
        if not base.is_sum:
            return self._node(base.operation, *(self.emit(argument) for argument in base.arguments)), 1.0
        options: list[Callable[[], Scaled]] = []
        if len(base.arguments) == 2 and base.arguments[1].coefficient > 0:
            options.append(lambda: self._interpolation(base))
        for scale in dict.fromkeys(1 / abs(term.coefficient) for term in base.arguments if not term.is_constant):
            options.append(lambda scale=scale: self._plain_sum(base, scale))
        if wanted is not None:
            options.append(lambda: self._plain_sum(base, wanted))
        return self._cheapest(options, wanted)

    def _cheapest(self, options: Sequence[Callable[[], Scaled]], wanted: float | None) -> Scaled:
        """Try each, and take the one that adds the fewest nodes, one for a scale other than wanted included."""
        nodes, found = self.nodes, self._found
        best: tuple[int, list[Node], dict[bytes, Scaled], Scaled] | None = None
        for option in options:
            self.nodes, self._found = list(nodes), dict(found)
            try:
                result = option()
            except (TooManyError, ArithmeticError):
                continue
            cost = len(self.nodes) + (wanted is not None and not _same(result[1], wanted))
            if best is None or cost < best[0]:
                best = (cost, self.nodes, self._found, result)
        self.nodes, self._found = nodes, found
        if best is None:
            raise TooManyError
        _, self.nodes, self._found, result = best
        return result

    def _interpolation(self, base: Base) -> Scaled:
        """Return (x + r s) / (1 + r) as interp(x, s, r / (1 + r)), s a slot."""
        first, second = base.arguments
        slot = next((term for term in (second, first) if self._is_slot(term)), None)
        if slot is None:
            raise TooManyError
        other = first if slot is second else second
        total = first.coefficient + second.coefficient
        arguments = [self.emit(Product(1.0, term.factors)) if term.factors else 1.0 for term in (other, slot)]
        return self._node(INTERP, *arguments, rounded(slot.coefficient / total)), 1 / total

    def _is_slot(self, term: Product) -> bool:
        if len(term.factors) != 1:
            return False
        base, odd, power = term.factors[0]
        return base.is_leaf and odd and power == 1 and base.operation in self._slots

    def _plain_sum(self, base: Base, scale: float) -> Scaled:
        terms = [self._algebra.scaled(term, scale) for term in base.arguments]
        terms.sort(key=lambda term: term.coefficient < 0)
        first, *others = terms
        total = self.emit(first)
        for term in others:
            if term.coefficient < 0 and not term.is_constant:
                total = self._node(SUBTRACT, total, self.emit(self._algebra.scaled(term, -1.0)))
            else:
                total = self._node(ADD, total, self.emit(term))
        return total, scale

    def _chain(self, operation: str, values: Sequence[Scaled]) -> Reference:
        total = values[0][0]
        for reference, _ in values[1:]:
            total = self._node(operation, total, reference)
        return total


def _grouped(factors: Sequence[Factor]) -> list[list[Factor]]:
    """Return factors of one power together, where the power of their product saves statements."""
    groups: dict[tuple[bool, Fraction], list[Factor]] = {}
    for factor in factors:
        groups.setdefault(factor[1:], []).append(factor)
    found: list[list[Factor]] = []
    for (odd, power), group in groups.items():
        if odd and abs(power) == 1:
            found += [[factor] for factor in group]
        else:
            found.append(group)
    return found


def _is_scalar(reference: Reference) -> bool:
    return isinstance(reference, str) and reference in INPUTS and INPUTS[reference].kind is Kind.SCALAR


def _same(x: float, y: float) -> bool:
    return abs(x - y) <= _SAME * abs(y)


def rounded(value: float) -> float:
    """Return the constant without the rounding errors of its derivation."""
    return float(f"{value:.15g}")
