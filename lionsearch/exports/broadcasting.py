"""Which arrays that the exported code computes are smaller than their kind says.

The mean of a row's columns is one number, where the language has a column of equal ones. Where that number meets a
tensor, NumPy, JAX and PyTorch spread it, and nothing is lost; a sum of it, a product of matrices, or a slot would
be wrong. An export refuses those.
"""

from __future__ import annotations

from typing import NamedTuple

from lionsearch.graph.lowering import LoweredProgram
from lionsearch.graph.walk import walk
from lionsearch.lang import OPERATIONS, Kind, Operation


class _Extent(NamedTuple):
    """What an array has: its kind says what it should, and all rows and all columns may be missing."""

    kind: Kind
    rows: bool
    columns: bool


_FULL: dict[Kind, tuple[bool, bool]] = {
    Kind.SCALAR: (False, False),
    Kind.PER_TENSOR: (False, False),
    Kind.ROW: (False, True),
    Kind.COLUMN: (True, False),
}


def find_thin_use(lowered: LoweredProgram) -> str | None:
    """Return what an array that is smaller than its kind is used for: an operation, `update` or `slot`; else None.

    Examples:
        >>> from lionsearch.graph.lowering import lower
        >>> from lionsearch.lang import parse
        >>> mean = "row_mean(column_mean(g))"
        >>> find_thin_use(lower(parse(f"def train(w, g, lr): return g * {mean}")))
        >>> print(find_thin_use(lower(parse(f"def train(w, g, lr): return w * sum(column_mean(g) * {mean})"))))
        sum
    """
    values: dict[int | str, _Extent] = {name: _whole(kind) for name, kind in lowered.leaves.items()}
    walk(lowered.graph.steps, values, _rule, lambda number: _whole(Kind.SCALAR))
    thin = {ref for ref, extent in values.items() if extent != _whole(extent.kind)}
    for node in lowered.nodes:
        row = OPERATIONS[node.operation]
        if row.elementwise is None and not row.averages and thin.intersection(node.reads):
            return row.name
    if lowered.graph.update in thin:
        return "update"
    return "slot" if thin.intersection(lowered.outputs) else None


def _whole(kind: Kind) -> _Extent:
    return _Extent(kind, *_FULL.get(kind, (True, True)))


def _rule(row: Operation, given: list[_Extent]) -> _Extent:
    kind = row.result_kind(*(extent.kind for extent in given))
    assert kind is not None, "the program is valid"
    full = _whole(kind)
    if row.averages:
        return _Extent(kind, full.rows and given[0].rows, full.columns and given[0].columns)
    if row.elementwise is None:
        return full
    return _Extent(kind, any(extent.rows for extent in given), any(extent.columns for extent in given))
