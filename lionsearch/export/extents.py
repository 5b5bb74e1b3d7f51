"""Values -> whether an array that the exported code computes is as large as its kind says.

The mean of a row's columns is one number, where the language has a column of equal ones. Where that number meets a
tensor, NumPy, JAX and PyTorch spread it, and nothing is lost; a sum of it, a product of matrices, or a slot would
be wrong. An export refuses those.
"""

from __future__ import annotations

from lionsearch.export.flow import Flow, Value
from lionsearch.lang import OPERATIONS, Kind

Extent = tuple[bool, bool]
"""Whether an array has all rows, and all columns."""

_FULL: dict[Kind, Extent] = {
    Kind.SCALAR: (False, False),
    Kind.PER_TENSOR: (False, False),
    Kind.ROW: (False, True),
    Kind.COLUMN: (True, False),
}
_MEANS = ("mean", "row_mean", "column_mean")


def find_thin_use(flow: Flow) -> str | None:
    """Return what an array that is smaller than its kind is used for: an operation, `update` or `slot`; else None.

    Example:
        >>> from lionsearch.export.flow import build_flow
        >>> from lionsearch.lang import parse
        >>> mean = "row_mean(column_mean(g))"
        >>> find_thin_use(build_flow(parse(f"def train(w, g, lr): return g * {mean}")))
        >>> find_thin_use(build_flow(parse(f"def train(w, g, lr): return w * sum(column_mean(g) * {mean})")))
        'sum'
    """
    extents: list[Extent] = []
    for value in flow.values:
        extents.append(_extent(value, flow, extents))
    thin = {i for i, value in enumerate(flow.values) if extents[i] != _FULL.get(value.kind, (True, True))}
    for index in flow.needed():
        value = flow.values[index]
        operation = OPERATIONS[value.operation or ""]
        if operation.elementwise is None and operation.name not in _MEANS and thin.intersection(value.reads):
            return operation.name
    if flow.update in thin:
        return "update"
    return "slot" if thin.intersection(flow.outputs) else None


def _extent(value: Value, flow: Flow, extents: list[Extent]) -> Extent:
    full = _FULL.get(value.kind, (True, True))
    if value.operation is None:
        return full
    given = [extents[read] for read in value.reads]
    match value.operation:
        case "row_mean":
            return given[0][0], False
        case "column_mean":
            return False, given[0][1]
    if OPERATIONS[value.operation].elementwise is None:
        return full
    return any(rows for rows, _ in given), any(columns for _, columns in given)
