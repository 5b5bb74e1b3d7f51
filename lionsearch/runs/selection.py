"""Which rows of a table: conditions such as `score > 0.05 and statements < 8`, and an order by a column.

A condition is parsed and never executed: comparisons of column names and numbers with `and`, `or` and `not`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lionsearch.errors import SettingError, UnknownNameError, quote

Row = Mapping[str, Any]
_LONGEST = 2000
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_EXPECTED = "expected comparisons of columns and numbers such as 'score > 0.05 and statements < 8'"


def parse_condition(text: str, columns: Sequence[str]) -> Callable[[Row], bool]:
    """Return what says whether a row fits a condition; a comparison with a value that a row lacks is false.

    Args:
        text: the condition.
        columns: names that it may use, whose values are numbers or None.

    Raises:
        UnknownNameError: if it names another column, saying which one is near.
        SettingError: if it is anything else but a condition.

    Examples:
        >>> fits = parse_condition("score > 0.05 and not statements >= 8", ["score", "statements"])
        >>> [fits({"score": score, "statements": 5}) for score in (0.1, 0.01, None)]
        [True, False, False]
    """
    if len(text) > _LONGEST:
        raise SettingError(f"the condition has {len(text)} characters; at most {_LONGEST} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return _condition(tree, text, columns)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        if isinstance(error, SettingError | UnknownNameError):
            raise
        raise SettingError(f"{quote(text)} is no condition; {_EXPECTED}") from None


def sort_rows(rows: Sequence[Row], column: str, columns: Sequence[str], rising: Sequence[str]) -> list[Row]:
    """Return the rows by a column; those without a value come last.

    Args:
        rows: of a table.
        column: by which.
        columns: that there are.
        rising: those of them of which the smallest comes first.

    Raises:
        UnknownNameError: if there is no such column.
    """
    if column not in columns:
        raise UnknownNameError("column", column, columns)
    known = [row for row in rows if row[column] is not None]
    ordered = sorted(known, key=lambda row: row[column], reverse=column not in rising)
    return [*ordered, *(row for row in rows if row[column] is None)]


def _condition(node: ast.expr, text: str, columns: Sequence[str]) -> Callable[[Row], bool]:
    match node:
        case ast.BoolOp(op=ast.And()):
            parts = [_condition(value, text, columns) for value in node.values]
            return lambda row: all(part(row) for part in parts)
        case ast.BoolOp(op=ast.Or()):
            parts = [_condition(value, text, columns) for value in node.values]
            return lambda row: any(part(row) for part in parts)
        case ast.UnaryOp(op=ast.Not()):
            denied = _condition(node.operand, text, columns)
            return lambda row: not denied(row)
        case ast.Compare() if all(type(each) in _COMPARISONS for each in node.ops):
            values = [_value(each, text, columns) for each in (node.left, *node.comparators)]
            pairs = [(_COMPARISONS[type(op)], *values[at : at + 2]) for at, op in enumerate(node.ops)]
            return lambda row: all(_holds(compare, left(row), right(row)) for compare, left, right in pairs)
    raise SettingError(f"{quote(_part(node, text))} is no condition; {_EXPECTED}")


def _value(node: ast.expr, text: str, columns: Sequence[str]) -> Callable[[Row], Any]:
    match node:
        case ast.Name(id=name):
            if name not in columns:
                raise UnknownNameError("column", name, columns)
            return lambda row: row[name]
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return lambda row: number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return lambda row: -number
    raise SettingError(f"{quote(_part(node, text))} is neither a column nor a number; {_EXPECTED}")


def _part(node: ast.expr, text: str) -> str:
    return ast.get_source_segment(text.strip(), node) or text


def _holds(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    return left is not None and right is not None and compare(left, right)
