"""Data-flow graph -> where its nodes stand and its edges run.

Rows are by the longest way from an input. An edge that leads past rows gets a place in each, so that it runs between
nodes; edges from one node share these places.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import networkx

_SWEEPS = 8
_NARROW = 0.35
"""The room of an edge that passes, where that of a node is 1."""


class Via(NamedTuple):
    """A place of an edge in a row that it passes."""

    start: Any
    row: int


def with_vias(graph: networkx.DiGraph) -> tuple[networkx.DiGraph, list[list[Any]]]:
    """Return the edges as steps from row to row, and the rows.

    Examples:
        >>> routed, rows = with_vias(networkx.DiGraph([("a", "b"), ("b", "c"), ("a", "c")]))
        >>> rows
        [['a'], ['b', Via(start='a', row=1)], ['c']]
        >>> list(routed.predecessors("c"))
        [Via(start='a', row=1), 'b']
    """
    row_of = _rows(graph)
    routed: networkx.DiGraph = networkx.DiGraph()
    routed.add_nodes_from(graph)
    for start, end in graph.edges:
        way = [start, *(Via(start, row) for row in range(row_of[start] + 1, row_of[end])), end]
        row_of.update({node: node.row for node in way[1:-1]})
        networkx.add_path(routed, way)
    return routed, [[node for node in routed if row_of[node] == row] for row in range(max(row_of.values()) + 1)]


def find_places(routed: networkx.DiGraph, rows: list[list[Any]]) -> dict[Any, tuple[float, float]]:
    """Return a place for each node, x from 0 and y by row: near what it reads and what reads it."""
    x = {node: float(number) for row in rows for number, node in enumerate(row)}
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 1  # the last one, so that a node stands below what it reads
        near, far = (routed.pred, routed.succ) if down else (routed.succ, routed.pred)
        for row in rows if down else reversed(rows):
            wanted = {node: _mean([x[other] for other in near[node] or far[node]]) for node in row}
            x.update(_spread(wanted))
    left = min(x.values())
    return {node: (x[node] - left, float(number)) for number, row in enumerate(rows) for node in row}


def _rows(graph: networkx.DiGraph) -> dict[Any, int]:
    generations = networkx.topological_generations(graph)
    row_of = {node: number for number, row in enumerate(generations) for node in row}
    for node in graph:  # what reads nothing stands just above what reads it first
        if graph.in_degree(node) == 0:
            row_of[node] = min((row_of[reader] for reader in graph.successors(node)), default=1) - 1
    return row_of


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def _spread(wanted: dict[Any, float]) -> dict[Any, float]:
    """Return places in the wanted order with room between them, the nearest to the wanted in the mean square."""
    order = sorted(wanted, key=lambda node: wanted[node])
    offsets: dict[Any, float] = {}
    room = 0.0
    for last, node in zip([None, *order], order, strict=False):
        room += 0.0 if last is None else (_room(last) + _room(node)) / 2
        offsets[node] = room
    blocks: list[list[Any]] = []  # of nodes side by side, each as far right as the one before, or farther
    for node in order:
        blocks.append([node])
        while len(blocks) > 1 and _start(blocks[-2], wanted, offsets) > _start(blocks[-1], wanted, offsets):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    return {node: _start(block, wanted, offsets) + offsets[node] for block in blocks for node in block}


def _start(block: list[Any], wanted: dict[Any, float], offsets: dict[Any, float]) -> float:
    return _mean([wanted[node] - offsets[node] for node in block])


def _room(node: Any) -> float:
    return _NARROW if isinstance(node, Via) else 1.0
