"""Graph -> program: statements in an order in which every value is there, with names.

Invariant: `to_program(to_graph(p))` computes what p computes, without dead code; it keeps p's names where they fit.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import count

from lionsearch.graph.liveness import remove_dead_code
from lionsearch.graph.ssa import Graph, Node, Reference, prune
from lionsearch.lang import COPY, INPUTS, Program, Statement


def to_program(graph: Graph, *, keep_slots: bool = False) -> Program:
    """Return the graph as a program, with a copy only where a slot's next value is needed beside its old one.

    Args:
        graph: any graph; its dead nodes go.
        keep_slots: whether the program has all slots and optional inputs of the graph's, those that nothing reads
            too.
    """
    graph, order = _schedule(_with_copies(prune(graph, keep_slots=keep_slots)))
    names = _choose_names(graph, order)
    statements = [_statement(graph.nodes[index], names, names[index]) for index in order]
    update = names[graph.update] if isinstance(graph.update, int) else graph.update
    if isinstance(update, float):
        statements.append(Statement("update", COPY, (update,)))
        update = "update"
    program = replace(graph.program, statements=tuple(statements), update=update)
    return program if keep_slots else remove_dead_code(program)


def _statement(node: Node, names: dict[int, str], target: str) -> Statement:
    return Statement(target, node.operation, tuple(names[a] if isinstance(a, int) else a for a in node.arguments))


def _with_copies(graph: Graph) -> Graph:
    """Return the graph with a copy for each slot whose next value cannot be written to the slot's own name."""
    nodes, slots, update = list(graph.nodes), list(graph.slots), graph.update
    if update in graph.program.slots and graph.slots[graph.program.slots.index(str(update))] != update:
        nodes.append(Node(COPY, (update,), "update"))
        update = len(nodes) - 1
    for position, (slot, final) in enumerate(zip(graph.program.slots, graph.slots, strict=True)):
        if final == slot:
            continue
        shared = final in graph.slots[:position]
        if not isinstance(final, int) or shared or _is_needed_beside(nodes, final, slot):
            slots[position] = len(nodes)
            nodes.append(Node(COPY, (final,), slot))
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
        node if index == final else node.map(lambda a: copy if a == slot else a)
        for index, node in enumerate(graph.nodes)
    ]
    update = copy if graph.update == slot else graph.update
    return replace(graph, nodes=(*nodes, Node(COPY, (slot,), f"old_{slot}")), update=update)


def _sorted(before: list[set[int]]) -> list[int]:
    """Return the nodes, each after those before it and else by index; without those that wait in a circle."""
    if all(index > max(needed, default=-1) for index, needed in enumerate(before)):
        return list(range(len(before)))
    sorter = TopologicalSorter(dict(enumerate(before)))
    with suppress(CycleError):
        sorter.prepare()
    order: list[int] = []
    ready = [*sorter.get_ready()]
    heapq.heapify(ready)
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        sorter.done(index)
        for later in sorter.get_ready():
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
            wanted = next(name for name in (f"v{number}" for number in count(1)) if name not in used)
            used.add(wanted)
        names[index] = wanted
        holders[wanted] = last_read.get(index, place)
    return names
