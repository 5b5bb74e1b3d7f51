"""Program -> its data-flow graph: what is read, what is computed from it, what leaves."""

from __future__ import annotations

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


def build_graph(lowered: LoweredProgram) -> networkx.DiGraph:
    r"""Return the graph of what is live: nodes have a `label` and a `role`, edges a `position` among the arguments.

    Roles are `input`, `state`, `hyperparameter`, `operation`, `update` and `next state`.

    Example:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.graph.lowering import lower
        >>> graph = build_graph(lower(load_program("momentum")))
        >>> [data["label"] for _, data in graph.nodes(data=True) if data["role"] == "operation"]
        ['*', '+\nm', '*', '+', '*']
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
        for position, argument in enumerate(node.arguments):
            graph.add_edge(_node(graph, argument), index, position=position)
    graph.add_node("w - update", label="w - update", role="update")
    graph.add_edge(lowered.graph.update, "w - update", position=0)
    for slot, ref in zip(lowered.program.slots, lowered.graph.slots, strict=True):
        graph.add_node(f"next {slot}", label=f"next {slot}", role="next state")
        graph.add_edge(_node(graph, ref), f"next {slot}", position=0)
    return graph


def draw_graph(lowered: LoweredProgram, title: str, path: Path) -> None:
    """Draw the graph of a program into a file, .svg or .png."""
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
    for node, data in graph.nodes(data=True):
        x, y = places[node]
        style = "round,pad=0.4" if data["role"] == "operation" else "square,pad=0.4"
        box = {"boxstyle": style, "facecolor": _COLORS[data["role"]], "edgecolor": "#555555", "linewidth": 0.8}
        axes.text(x, -y, data["label"], ha="center", va="center", fontsize=8, bbox=box, zorder=2)
    for start, end in routed.edges:
        (x0, y0), (x1, y1) = places[start], places[end]
        arrow = {"color": "#888888", "linewidth": 0.8, "shrinkA": 0 if isinstance(start, Via) else 12}
        arrow |= {"arrowstyle": "-", "shrinkB": 0} if isinstance(end, Via) else {"arrowstyle": "-|>", "shrinkB": 14}
        axes.annotate("", (x1, -y1), (x0, -y0), arrowprops=arrow, zorder=1)
    axes.set_xlim(-0.7, width - 0.3)
    axes.set_ylim(-height + 0.3, 1.1)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


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
