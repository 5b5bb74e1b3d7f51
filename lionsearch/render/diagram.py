"""Program -> its data-flow graph: what is read, what is computed from it, what leaves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import networkx

from lionsearch.graph import Reference
from lionsearch.graph.lowering import LoweredProgram, is_unnamed
from lionsearch.lang import OPERATIONS
from lionsearch.render.layout import Via, find_places, with_vias

_COLORS = {
    "input": "#d9e8f6",
    "state": "#fbe3c0",
    "hyperparameter": "#eeeeee",
    "operation": "#ffffff",
    "update": "#f7c6c5",
    "next state": "#fbe3c0",
}
_APART = 6
"""Points that the number of an argument is farther from the box than the number before."""


def build_graph(lowered: LoweredProgram) -> networkx.DiGraph:
    r"""Return the graph of what is live: nodes have a `label` and a `role`, edges the `positions` among the arguments.

    Positions count from 1, and are given where it matters which argument is which.

    Roles are `input`, `state`, `hyperparameter`, `operation`, `update` and `next state`.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.graph.lowering import lower
        >>> graph = build_graph(lower(load_program("momentum")))
        >>> [data["label"] for _, data in graph.nodes(data=True) if data["role"] == "operation"]
        ['*', '+\nm', '*', '+', '*']
        >>> adam = build_graph(lower(load_program("adam")))
        >>> [(start, positions) for start, end, positions in adam.edges(data="positions") if end == 2]
        [('v', (2,)), ('b2', (3,)), (1, (1,))]
    """
    graph: networkx.DiGraph = networkx.DiGraph()
    for name in lowered.leaves:
        if lowered.reads(name):
            graph.add_node(name, label=name, role=_role(lowered, name))
    for index, node in enumerate(lowered.nodes):
        operation = OPERATIONS[node.operation]
        label = operation.symbol or operation.name
        named = node.name not in OPERATIONS and not is_unnamed(node.name)
        graph.add_node(index, label=f"{label}\n{node.name}" if named else label, role="operation")
        ordered = operation.arity > 1 and not operation.commutative
        for position, argument in enumerate(node.arguments, start=1):
            start = _node(graph, argument)
            before = graph.get_edge_data(start, index, {"positions": ()})["positions"]
            graph.add_edge(start, index, positions=(*before, position) if ordered else ())
    graph.add_node("w - update", label="w - update", role="update")
    graph.add_edge(lowered.graph.update, "w - update", positions=())
    for slot, ref in zip(lowered.program.slots, lowered.graph.slots, strict=True):
        graph.add_node(f"next {slot}", label=f"next {slot}", role="next state")
        graph.add_edge(_node(graph, ref), f"next {slot}", positions=())
    return graph


def draw_graph(lowered: LoweredProgram, title: str, path: Path) -> None:
    """Draw the graph of a program into a file, .svg or .png."""
    figure = draw_figure(lowered, title)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def draw_figure(lowered: LoweredProgram, title: str = "") -> Any:
    """Return the graph of a program as a figure of matplotlib."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    graph = build_graph(lowered)
    routed, rows = with_vias(graph)
    places = find_places(routed, rows)
    width = max(x for x, _ in places.values()) + 1
    height = max(y for _, y in places.values()) + 1
    figure = Figure(figsize=(max(4.0, 1.15 * width), max(3.0, 0.8 * height)))
    FigureCanvasSVG(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.text((width - 1) / 2, 0.75, title, ha="center", va="center", fontsize=10)
    axes.set_xlim(-0.7, width - 0.3)
    axes.set_ylim(-height + 0.3, 1.1 if title else 0.6)
    boxes = _draw_nodes(axes, graph, places)
    figure.draw_without_rendering()  # so that the boxes are as large as they will be
    for start, end in routed.edges:
        source = start.start if isinstance(start, Via) else start
        positions = () if isinstance(end, Via) else graph.edges[source, end]["positions"]
        ends = [((x, -y), boxes.get(node)) for node, (x, y) in ((start, places[start]), (end, places[end]))]
        _draw_arrow(axes, ends, isinstance(end, Via), positions)
    return figure


def _draw_nodes(axes: Any, graph: networkx.DiGraph, places: dict[Any, tuple[float, float]]) -> dict[Any, Any]:
    boxes = {}
    for node, data in graph.nodes(data=True):
        x, y = places[node]
        style = "round,pad=0.4" if data["role"] == "operation" else "square,pad=0.4"
        box = {"boxstyle": style, "facecolor": _COLORS[data["role"]], "edgecolor": "#555555", "linewidth": 0.8}
        shown = axes.text(x, -y, data["label"], ha="center", va="center", fontsize=8, bbox=box, zorder=2)
        boxes[node] = shown.get_bbox_patch()
    return boxes


def _draw_arrow(
    axes: Any, ends: list[tuple[tuple[float, float], Any]], passes: bool, positions: tuple[int, ...]
) -> None:
    """Draw an edge from a place to a place, each with its box or None; one that passes a row has no head there."""
    (start, leaves), (end, enters) = ends
    across, up = axes.transData.transform(end) - axes.transData.transform(start)
    points = math.hypot(across, up) * 72 / axes.figure.dpi
    inside = _share(enters, across, up)
    arrow = {"color": "#888888", "linewidth": 0.8, "arrowstyle": "-" if passes else "-|>"}
    arrow |= {"shrinkA": _share(leaves, across, up) * points, "shrinkB": inside * points}
    axes.annotate("", end, start, arrowprops=arrow, zorder=1)
    if positions:
        share = inside + _APART * (1 + positions[0]) / points
        x, y = (share * a + (1 - share) * b for a, b in zip(start, end, strict=True))
        back = {"boxstyle": "square,pad=0.1", "facecolor": "#ffffff", "edgecolor": "none"}
        axes.text(x, y, ", ".join(map(str, positions)), ha="center", va="center", fontsize=6, bbox=back)


def _share(box: Any, across: float, up: float) -> float:
    """Return how much of an arrow, in pixels, is within the box that it leaves or enters; None is no box."""
    if box is None:
        return 0.0
    extent = box.get_window_extent()
    ways = ((extent.width / 2, abs(across)), (extent.height / 2, abs(up)))
    return min(half / way for half, way in ways if way)


def _role(lowered: LoweredProgram, name: str) -> str:
    if name in lowered.program.slots:
        return "state"
    return "hyperparameter" if name in dict(lowered.program.hyperparameters) else "input"


def _node(graph: networkx.DiGraph, reference: Reference) -> Any:
    """Return the node of an argument; a constant gets one of its own each time."""
    if not isinstance(reference, float):
        return reference
    node = f"constant {graph.number_of_nodes()}"
    graph.add_node(node, label=f"{reference:g}", role="hyperparameter")
    return node
