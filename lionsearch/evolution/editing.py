"""Edits of a program's live data-flow graph: what is read where, another value there, one node more.

Nodes stay in an order in which each stands after those that it reads. The place after the last node stands for the
outputs: its arguments are the update and the next value of each slot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from lionsearch.graph import (
    Graph,
    Node,
    Reference,
    find_live_nodes,
    initial_kinds,
    node_kinds,
    remove_dead_code,
    to_graph,
    to_program,
)
from lionsearch.lang import Kind, Program


class Read(NamedTuple):
    """One use of a value.

    Attributes:
        place: the node that reads; the number of nodes stands for the outputs.
        position: which argument; of the outputs, 0 is the update and 1 the first slot.
        value: a node by its index, or a leaf by its name.
    """

    place: int
    position: int
    value: int | str


@dataclass(frozen=True, slots=True)
class LiveGraph:
    """A program's live code as a graph that can be edited.

    Attributes:
        graph: without dead nodes; it has all slots of the program.
        kinds: of the nodes.
        leaves: the kind of each input and slot.
        reads: every use of a node or a leaf.
        dead_slots: the slots that nothing reads; their next value is their old one.
    """

    graph: Graph
    kinds: tuple[Kind, ...]
    leaves: dict[str, Kind]
    reads: tuple[Read, ...]
    dead_slots: tuple[str, ...]

    def kind(self, value: Reference) -> Kind:
        """Return the kind of a node, a leaf or a constant."""
        if isinstance(value, float):
            return Kind.SCALAR
        return self.kinds[value] if isinstance(value, int) else self.leaves[value]

    def known_before(self, place: int) -> dict[int | str, Kind]:
        """Return the kind of each leaf, and of each node before a place."""
        return {**self.leaves, **dict(enumerate(self.kinds[:place]))}


def open_program(program: Program) -> LiveGraph:
    """Return a program's live code as a graph; its dead slots and optional inputs stay at hand."""
    live = remove_dead_code(program)
    whole = replace(live, slots=program.slots, slot_kinds=program.slot_kinds, optional_inputs=program.optional_inputs)
    graph = to_graph(whole)
    leaves = initial_kinds(whole)
    dead = tuple(slot for slot in program.slots if slot not in live.slots)
    return LiveGraph(graph, node_kinds(graph, leaves), leaves, _find_reads(graph, dead), dead)


def close_program(graph: Graph) -> Program:
    """Return an edited graph as a program without dead code; dead slots and optional inputs stay at hand.

    A slot that no statement reads is dead, one that only hands its value to another slot too; it keeps its own value.
    """
    nodes, _ = find_live_nodes(graph)
    read = {graph.update, *(read for index in nodes for read in graph.nodes[index].reads)}
    finals = zip(graph.program.slots, graph.slots, strict=True)
    slots = tuple(final if slot in read else slot for slot, final in finals)
    return to_program(replace(graph, slots=slots), keep_slots=True)


def _find_reads(graph: Graph, dead_slots: tuple[str, ...]) -> tuple[Read, ...]:
    outputs = (graph.update, *(0.0 if final in dead_slots else final for final in graph.slots))
    return tuple(
        Read(place, position, value)
        for place, arguments in enumerate([*(node.arguments for node in graph.nodes), outputs])
        for position, value in enumerate(arguments)
        if not isinstance(value, float)
    )


def with_read(graph: Graph, read: Read, value: Reference) -> Graph:
    """Return the graph in which a use reads another value."""
    if read.place < len(graph.nodes):
        node = graph.nodes[read.place]
        arguments = (*node.arguments[: read.position], value, *node.arguments[read.position + 1 :])
        return with_node(graph, read.place, replace(node, arguments=arguments))
    if read.position == 0:
        return replace(graph, update=value)
    slots = (*graph.slots[: read.position - 1], value, *graph.slots[read.position :])
    return replace(graph, slots=slots)


def with_node(graph: Graph, place: int, node: Node) -> Graph:
    """Return the graph with another node at a place."""
    return replace(graph, nodes=(*graph.nodes[:place], node, *graph.nodes[place + 1 :]))


def with_insertion(graph: Graph, place: int, nodes: tuple[Node, ...]) -> Graph:
    """Return the graph with nodes more at a place; those that stood there come after them."""

    def moved(value: Reference) -> Reference:
        return value + len(nodes) if isinstance(value, int) and value >= place else value

    later = tuple(node.map(moved) for node in graph.nodes[place:])
    update, *slots = map(moved, (graph.update, *graph.slots))
    return replace(graph, nodes=(*graph.nodes[:place], *nodes, *later), update=update, slots=tuple(slots))
