"""Program <-> data-flow graph: statements without names, so that they can be replaced, dropped and reordered.

Invariant: `to_program(to_graph(p))` computes what p computes, without dead code; it keeps p's names where they fit.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lionsearch.analysis.liveness import remove_dead_code
from lionsearch.lang import INPUTS, Program, Statement

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


def to_graph(program: Program) -> Graph:
    """Return the graph of a program; a copy is no node but another name of what it copies."""
    current: dict[str, Reference] = {}
    nodes: list[Node] = []
    for statement in program.statements:
        arguments = tuple(current.get(a, a) if isinstance(a, str) else a for a in statement.arguments)
        if statement.operation == "copy":
            current[statement.target] = arguments[0]
        else:
            current[statement.target] = len(nodes)
            nodes.append(Node(statement.operation, arguments, statement.target))
    slots = tuple(current.get(slot, slot) for slot in program.slots)
    return Graph(tuple(nodes), current.get(program.update, program.update), slots, program)


def count_live(graph: Graph) -> int:
    """Return how many nodes reach the update, within a step or across steps."""
    return len(_live(graph))


def _live(graph: Graph) -> set[int]:
    finals = dict(zip(graph.program.slots, graph.slots, strict=True))
    live: set[int] = set()
    seen: set[str] = set()
    waiting: list[Reference] = [graph.update]
    while waiting:
        reference = waiting.pop()
        if isinstance(reference, str) and reference in finals and reference not in seen:
            seen.add(reference)
            waiting.append(finals[reference])
        elif isinstance(reference, int) and reference not in live:
            live.add(reference)
            waiting += graph.nodes[reference].arguments
    return live


def _pruned(graph: Graph, keep_slots: bool) -> Graph:
    """Return the graph without dead nodes, and without dead slots or with each as its own next value."""
    kept = sorted(_live(graph))
    place = {old: new for new, old in enumerate(kept)}

    def moved(reference: Reference) -> Reference:
        return place[reference] if isinstance(reference, int) else reference

    nodes = tuple([_with_arguments(graph.nodes[i], [moved(a) for a in graph.nodes[i].arguments]) for i in kept])
    read = {a for node in nodes for a in node.arguments} | {graph.update}
    program = graph.program
    live = [slot in read for slot in program.slots]
    if keep_slots:
        finals = zip(program.slots, graph.slots, live, strict=True)
        return Graph(nodes, moved(graph.update), tuple(moved(r) if good else slot for slot, r, good in finals), program)
    return Graph(
        nodes,
        moved(graph.update),
        tuple(moved(r) for r, good in zip(graph.slots, live, strict=True) if good),
        replace(
            program,
            slots=tuple(slot for slot, good in zip(program.slots, live, strict=True) if good),
            slot_kinds=tuple(kind for (_, kind), good in zip(program.state, live, strict=True) if good),
        ),
    )


def _with_arguments(node: Node, arguments: Sequence[Reference]) -> Node:
    return Node(node.operation, tuple(arguments), node.name)


def replace_node(graph: Graph, index: int, new: list[Node], reference: Reference) -> Graph:
    """Return the graph with new nodes before a node, and every read of the node from a reference instead."""
    shift = len(new)

    def moved(old: Reference, place: int) -> Reference:
        if not isinstance(old, int):
            return old
        if old == index and place > index:
            return reference
        return old + shift if old >= index else old

    later = [
        _with_arguments(node, [moved(a, at) for a in node.arguments])
        for at, node in enumerate(graph.nodes[index:], index)
    ]
    outputs = [moved(r, len(graph.nodes)) for r in (graph.update, *graph.slots)]
    return replace(graph, nodes=(*graph.nodes[:index], *new, *later), update=outputs[0], slots=tuple(outputs[1:]))


def to_program(graph: Graph, *, keep_slots: bool = False) -> Program:
    """Return the graph as a program, with a copy only where a slot's next value is needed beside its old one.

    Args:
        graph: any graph; its dead nodes go.
        keep_slots: whether the program has all slots and optional inputs of the graph's, those that nothing reads
            too.
    """
    graph, order = _schedule(_with_copies(_pruned(graph, keep_slots)))
    names = _choose_names(graph, order)
    statements = [_statement(graph.nodes[index], names, names[index]) for index in order]
    update = names[graph.update] if isinstance(graph.update, int) else graph.update
    if isinstance(update, float):
        statements.append(Statement("update", "copy", (update,)))
        update = "update"
    program = replace(graph.program, statements=tuple(statements), update=update)
    return program if keep_slots else remove_dead_code(program)


def _statement(node: Node, names: dict[int, str], target: str) -> Statement:
    return Statement(target, node.operation, tuple(names[a] if isinstance(a, int) else a for a in node.arguments))


def _with_copies(graph: Graph) -> Graph:
    """Return the graph with a copy for each slot whose next value cannot be written to the slot's own name."""
    nodes, slots, update = list(graph.nodes), list(graph.slots), graph.update
    if update in graph.program.slots and graph.slots[graph.program.slots.index(str(update))] != update:
        nodes.append(Node("copy", (update,), "update"))
        update = len(nodes) - 1
    for position, (slot, final) in enumerate(zip(graph.program.slots, graph.slots, strict=True)):
        if final == slot:
            continue
        shared = final in graph.slots[:position]
        if not isinstance(final, int) or shared or _is_needed_beside(nodes, final, slot):
            slots[position] = len(nodes)
            nodes.append(Node("copy", (final,), slot))
    return replace(graph, nodes=tuple(nodes), update=update, slots=tuple(slots))


def _is_needed_beside(nodes: Sequence[Node], final: int, slot: str) -> bool:
    """Return whether something that depends on the node reads the slot's old value."""
    after = {final}
    for index in range(final + 1, len(nodes)):
        arguments = nodes[index].arguments
        if not after.isdisjoint([a for a in arguments if isinstance(a, int)]):
            if slot in arguments:
                return True
            after.add(index)
    return False


def _schedule(graph: Graph) -> tuple[Graph, list[int]]:
    """Return the nodes in an order in which each slot is written after the last read of its old value.

    Where slots wait for each other's old values in a circle, one old value is copied first.
    """
    while True:
        before: list[set[int]] = [{a for a in node.arguments if isinstance(a, int)} for node in graph.nodes]
        for slot, final in zip(graph.program.slots, graph.slots, strict=True):
            if isinstance(final, int):
                before[final] |= {i for i, node in enumerate(graph.nodes) if slot in node.arguments and i != final}
        order = _sorted(before)
        if len(order) == len(graph.nodes):
            return graph, order
        placed = set(order)
        waiting = (s for s, f in zip(graph.program.slots, graph.slots, strict=True) if f not in placed and f != s)
        graph = _copy_first(graph, next(waiting))


def _copy_first(graph: Graph, slot: str) -> Graph:
    """Return the graph with a copy of a slot's old value, and every read of it from there."""
    copy = len(graph.nodes)
    final = graph.slots[graph.program.slots.index(slot)]
    nodes = [
        node if index == final else replace(node, arguments=tuple(copy if a == slot else a for a in node.arguments))
        for index, node in enumerate(graph.nodes)
    ]
    update = copy if graph.update == slot else graph.update
    return replace(graph, nodes=(*nodes, Node("copy", (slot,), f"old_{slot}")), update=update)


def _sorted(before: list[set[int]]) -> list[int]:
    after: list[list[int]] = [[] for _ in before]
    for index, earlier in enumerate(before):
        for node in earlier:
            after[node].append(index)
    missing = [len(earlier) for earlier in before]
    ready = [index for index, count in enumerate(missing) if count == 0]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for later in after[index]:
            missing[later] -= 1
            if missing[later] == 0:
                heapq.heappush(ready, later)
    return order


def _choose_names(graph: Graph, order: Sequence[int]) -> dict[int, str]:
    """Return a name for each node: a slot's for its next value, the wanted one where it is free, else a new one."""
    program = graph.program
    finals = {final: slot for slot, final in zip(program.slots, graph.slots, strict=True) if isinstance(final, int)}
    position = {index: place for place, index in enumerate(order)}
    last_read: dict[Reference, int] = {}
    for index in order:
        for argument in graph.nodes[index].arguments:
            last_read[argument] = position[index]
    if isinstance(graph.update, int | str):
        last_read[graph.update] = len(order)
    reserved = {*program.slots, *(name for name, _ in program.hyperparameters)}
    holders: dict[str, int] = {name: last_read.get(name, -1) for name in INPUTS}
    used = {*INPUTS, *reserved, *(node.name for node in graph.nodes)}
    names: dict[int, str] = {}
    for index in order:
        wanted, place = graph.nodes[index].name, position[index]
        if index in finals:
            names[index] = finals[index]
            continue
        if wanted in reserved or holders.get(wanted, -1) > place or wanted in program.optional_inputs:
            wanted = next(name for name in _fresh() if name not in used)
            used.add(wanted)
        names[index] = wanted
        holders[wanted] = last_read.get(index, place)
    return names


def _fresh():
    number = 1
    while True:
        yield f"v{number}"
        number += 1
