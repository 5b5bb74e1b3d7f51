"""Values -> which of them are never negative, so that a root of them needs no absolute value.

A hyperparameter whose default lies in [0, 1], such as a decay rate, is taken to stay there. NaN is no number and
passes through. Non-goal: bounds other than 0.
"""

from __future__ import annotations

import enum

from lionsearch.export.flow import Constant, Flow, Ref, Value


class Sign(enum.IntEnum):
    """What is known of a value."""

    UNKNOWN = 0
    NOT_NEGATIVE = 1
    POSITIVE = 2


_ALWAYS = {
    "square": Sign.NOT_NEGATIVE,
    "abs": Sign.NOT_NEGATIVE,
    "sqrt": Sign.NOT_NEGATIVE,
    "norm": Sign.NOT_NEGATIVE,
    "global_norm": Sign.NOT_NEGATIVE,
    "unit_norm": Sign.NOT_NEGATIVE,
    "cosh": Sign.POSITIVE,
    "size": Sign.POSITIVE,
    "rows": Sign.POSITIVE,
    "columns": Sign.POSITIVE,
}
_KEEPING = ("sum", "mean", "global_sum", "row_mean", "column_mean", "cube", "cbrt")


def find_signs(flow: Flow) -> list[Sign]:
    """Return what is known of each value; a slot that starts at 0 and is only ever given what is not negative is not.

    Example:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.export.flow import build_flow
        >>> flow = build_flow(load_program("adamw"))
        >>> find_signs(flow)[flow.initial["v"]].name, find_signs(flow)[flow.initial["m"]].name
        ('NOT_NEGATIVE', 'UNKNOWN')
    """
    trusted = set(flow.program.slots)
    while True:
        signs = _Walk(flow, trusted).signs
        wrong = {
            name
            for name, ref in zip(flow.program.slots, flow.slots, strict=True)
            if name in trusted and _of(ref, signs) is Sign.UNKNOWN
        }
        if not wrong:
            return signs
        trusted -= wrong


def is_nonzero(ref: Ref, signs: list[Sign]) -> bool:
    """Return whether a divisor is known not to be 0."""
    return ref.value != 0 if isinstance(ref, Constant) else signs[ref] is Sign.POSITIVE


def _of(ref: Ref, signs: list[Sign]) -> Sign:
    if isinstance(ref, int):
        return signs[ref]
    return Sign.POSITIVE if ref.value > 0 else Sign.NOT_NEGATIVE if ref.value == 0 else Sign.UNKNOWN


def _is_even(ref: Ref) -> bool:
    return isinstance(ref, Constant) and ref.value % 2 == 0


class _Walk:
    """One pass over the values, with some slots trusted not to be negative."""

    def __init__(self, flow: Flow, trusted: set[str]):
        self._flow, self._hyperparameters = flow, dict(flow.program.hyperparameters)
        self.signs: list[Sign] = []
        for value in flow.values:
            self.signs.append(self._initial(value, trusted) if value.operation is None else self._result(value))

    def _initial(self, value: Value, trusted: set[str]) -> Sign:
        if value.name in trusted or self._is_fraction_name(value.name):
            return Sign.NOT_NEGATIVE
        return Sign.POSITIVE if value.name == "t" else Sign.UNKNOWN

    def _is_fraction_name(self, name: str) -> bool:
        return 0 <= self._hyperparameters.get(name, -1) <= 1

    def _is_fraction(self, ref: Ref) -> bool:
        if isinstance(ref, Constant):
            return 0 <= ref.value <= 1
        value = self._flow.values[ref]
        match value.operation, value.arguments:
            case None, _:
                return self._is_fraction_name(value.name)
            case "power", (base, exponent):
                return self._is_fraction(base) and _of(exponent, self.signs) > Sign.UNKNOWN
            case "subtract", (Constant(1.0), part):
                return self._is_fraction(part)
        return False

    def _result(self, value: Value) -> Sign:
        signs = [_of(argument, self.signs) for argument in value.arguments]
        match value.operation, signs:
            case (str(name), _) if name in _ALWAYS:
                return _ALWAYS[name]
            case (str(name), [sign]) if name in _KEEPING:
                return Sign(min(sign, Sign.NOT_NEGATIVE))  # a cube may underflow to 0
            case "dot", _ if value.arguments[0] == value.arguments[1]:
                return Sign.NOT_NEGATIVE
            case "add", [x, y] if min(x, y) > Sign.UNKNOWN:
                return max(x, y)
            case "multiply", [x, y] if min(x, y) > Sign.UNKNOWN or value.arguments[0] == value.arguments[1]:
                return Sign.NOT_NEGATIVE
            case "divide", [x, y] if min(x, y) > Sign.UNKNOWN:
                return Sign.NOT_NEGATIVE
            case "maximum", [x, y]:
                return max(x, y)
            case "minimum", [x, y]:
                return min(x, y)
            case "where", [_, x, y]:
                return min(x, y)
            case "subtract", _ if value.arguments[0] == Constant(1.0) and self._is_fraction(value.arguments[1]):
                return Sign.NOT_NEGATIVE
            case "subtract", _ if value.arguments == (self._flow.initial.get("t"), Constant(1.0)):
                return Sign.NOT_NEGATIVE  # steps count from 1
            case "power", _ if _is_even(value.arguments[1]):
                return Sign.NOT_NEGATIVE
            case "interp", [x, y, _] if self._is_fraction(value.arguments[2]) and min(x, y) > Sign.UNKNOWN:
                return Sign.NOT_NEGATIVE
        return Sign.UNKNOWN
