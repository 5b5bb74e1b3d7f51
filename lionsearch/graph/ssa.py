"""A program as a graph in static single assignment (SSA) form: statements without names, that can be moved about.

A node reads nodes before it, leaves (inputs, slots, hyperparameters, by name) and constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from lionsearch.graph.walk import Step
from lionsearch.lang import COPY, Program

Reference = int | str | float
"""A node by its index, a leaf by its name, or a constant."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation.

    Attributes:
        operation: its name.
        arguments: nodes before it, leaves, constants.
        name: what its result should be called.
    """

    operation: str
    arguments: tuple[Reference, ...]
    name: str

    @property
    def reads(self) -> tuple[int | str, ...]:
        """The nodes and leaves among the arguments."""
        return tuple([argument for argument in self.arguments if not isinstance(argument, float)])

    def map(self, change: Callable[[Reference], Reference]) -> Node:
        """Return the node with each argument changed."""
        return Node(self.operation, tuple([change(argument) for argument in self.arguments]), self.name)


@dataclass(frozen=True, slots=True)
class Graph:
    """A program's statements as a graph.

    Attributes:
        nodes: each after those that it reads.
        update: the update.
        slots: the next value of each slot.
        program: where it came from: inputs, names, description.
    """

    nodes: tuple[Node, ...]
    update: Reference
    slots: tuple[Reference, ...]
    program: Program

    @property
    def steps(self) -> Iterable[Step]:
        """The nodes as steps of a `walk`, whose results are called by their indices."""
        return ((index, node.operation, node.arguments) for index, node in enumerate(self.nodes))


def to_graph(program: Program, *, keep_copies: bool = False) -> Graph:
    """Return the graph of a program.

    Args:
        program: any program; of an invalid one, a variable that is not written is a leaf.
        keep_copies: whether a copy is a node, so that nodes are statements, or another name of what it copies.
    """
    current: dict[str, Reference] = {}
    nodes: list[Node] = []
    for statement in program.statements:
        arguments = tuple([current.get(a, a) if type(a) is str else a for a in statement.arguments])
        if statement.operation == COPY and not keep_copies:
            current[statement.target] = arguments[0]
        else:
            current[statement.target] = len(nodes)
            nodes.append(Node(statement.operation, arguments, statement.target))
    slots = tuple(current.get(slot, slot) for slot in program.slots)
    return Graph(tuple(nodes), current.get(program.update, program.update), slots, program)


class Live(NamedTuple):
    """What of a graph reaches the update, within a step or across steps.

    Attributes:
        nodes: their indices.
        leaves: those that live nodes read, or that are handed on as they are.
    """

    nodes: set[int]
    leaves: set[str]


def find_live_nodes(graph: Graph) -> Live:
    """Return what of a graph is live.

    A slot is live if its value at the start of a step is read by live code; what gives its next value is live then.
    """
    finals = dict(zip(graph.program.slots, graph.slots, strict=True))
    nodes: set[int] = set()
    leaves: set[str] = set()
    waiting: list[Reference] = [graph.update]
    while waiting:
        reference = waiting.pop()
        if isinstance(reference, int):
            if reference not in nodes:
                nodes.add(reference)
                waiting += graph.nodes[reference].arguments
        elif isinstance(reference, str) and reference not in leaves:
            leaves.add(reference)
            if reference in finals:
                waiting.append(finals[reference])
    return Live(nodes, leaves)


def prune(graph: Graph, *, keep_slots: bool = False) -> Graph:
    """Return the graph without dead nodes, and without dead slots or with each as its own next value."""
    live = find_live_nodes(graph)
    kept = sorted(live.nodes)
    place = {old: new for new, old in enumerate(kept)}

    def moved(reference: Reference) -> Reference:
        return place[reference] if isinstance(reference, int) else reference

    nodes = tuple([graph.nodes[index].map(moved) for index in kept])
    program = graph.program
    finals = dict(zip(program.slots, graph.slots, strict=True))
    slots = {slot: moved(finals[slot]) if slot in live.leaves else slot for slot in finals}
    if not keep_slots:
        slots = {slot: final for slot, final in slots.items() if slot in live.leaves}
        kinds = tuple(kind for slot, kind in program.state if slot in slots)
        program = replace(program, slots=tuple(slots), slot_kinds=kinds)
    return Graph(nodes, moved(graph.update), tuple(slots.values()), program)


def replace_node(graph: Graph, index: int, new: list[Node], reference: Reference) -> Graph:
    """Return the graph with new nodes before a node, and every read of the node from a reference instead."""
    shift = len(new)

    def moved(old: Reference, place: int) -> Reference:
        if not isinstance(old, int):
            return old
        if old == index and place > index:
            return reference
        return old + shift if old >= index else old

    later = [node.map(lambda a, at=at: moved(a, at)) for at, node in enumerate(graph.nodes[index:], index)]
    outputs = [moved(r, len(graph.nodes)) for r in (graph.update, *graph.slots)]
    return replace(graph, nodes=(*graph.nodes[:index], *new, *later), update=outputs[0], slots=tuple(outputs[1:]))
