"""Rewritings that change nothing but rounding: dead code, algebra, slots that others determine.

A program is only ever replaced by one with fewer statements, or as many and fewer slots, that takes the same steps
when run. What people wrote well stays as they wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lionsearch.algebra.emit import Emitter, TooManyError
from lionsearch.algebra.program_values import Normalized, node_values, normalize
from lionsearch.algebra.value import Product
from lionsearch.graph import (
    Graph,
    KindError,
    find_live_nodes,
    infer_kinds,
    remove_dead_code,
    replace_node,
    to_graph,
    to_program,
)
from lionsearch.lang import Program
from lionsearch.simplification.guard import agree
from lionsearch.simplification.slots import drop_zero_slots, merge_slots, rescale_slots
from lionsearch.simplification.steps import Step, describe_change


def simplify_exactly(program: Program) -> tuple[Program, list[Step]]:
    r"""Return the shortest equal program that is found, and the steps to it.

    Examples:
        >>> from lionsearch.lang import format_program, parse
        >>> long = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m / sqrt(m * m) * lr, m")
        >>> print(format_program(simplify_exactly(long)[0]))
        def train(w, g, m, lr):
            m = interp(g, m, 0.9)
            v3 = sign(m)
            v4 = v3 * lr
            return v4, m
        <BLANKLINE>
    """
    steps: list[Step] = []
    live = remove_dead_code(program)
    if live != program:
        steps.append(describe_change("dead code", program, live))
    current = to_program(to_graph(live))
    if size(current) >= size(live):
        current = live
    while True:
        shorter = next(_shorter(current), None)
        if shorter is None:
            return current, steps
        rule, shorter = shorter
        steps.append(describe_change(rule, current, shorter))
        current = shorter


def size(program: Program) -> tuple[int, int, int]:
    """Return what is to become smaller: statements, then slots, then reads of other statements' results."""
    graph = to_graph(program)
    reads = sum(isinstance(argument, int) for node in graph.nodes for argument in node.arguments)
    return len(program.statements), len(program.slots), reads


def _shorter(program: Program) -> Iterator[tuple[str, Program]]:
    """Yield programs that do the same and are shorter."""
    for rule, changed in _rewritten(program):
        if size(changed) < size(program) and is_valid(changed) and agree(program, changed):
            yield rule, changed


def is_valid(program: Program) -> bool:
    """Return whether the kinds of a program are right."""
    try:
        infer_kinds(program)
    except KindError:
        return False
    return True


def _rewritten(program: Program) -> Iterator[tuple[str, Program]]:
    values = normalize(program)
    graph = to_graph(program)
    for changed in _algebra(graph, values):
        yield "algebra", changed
    for changed in drop_zero_slots(program):
        yield "a slot that stays 0", changed
    for changed in merge_slots(program, values):
        yield "a slot that another determines", changed
    for changed in rescale_slots(program, values):
        yield "a slot in other units", _shrunk(changed)


def _shrunk(program: Program) -> Program:
    """Return the program as short as algebra makes it, not yet checked."""
    while True:
        proposals = _algebra(to_graph(program), normalize(program))
        shorter = next((found for found in proposals if size(found) < size(program) and is_valid(found)), None)
        if shorter is None:
            return program
        program = shorter


def _algebra(graph: Graph, values: Normalized) -> Iterator[Program]:
    """Yield the program with one statement computed in the fewest steps from its normal form and what stands before.

    Once with all that stands before, and once without what nothing else reads: below a sign, a sum may be had in units
    in which it takes fewer. What saves the most comes first; among equals what leaves the most as it is, and then the
    last statement of the program.
    """
    before = len(find_live_nodes(graph).nodes)
    each = node_values(graph, values)
    found: list[tuple[int, int, int, Graph]] = []
    for index in range(len(graph.nodes) - 1, -1, -1):
        own = _own_nodes(graph, index)
        for without in dict.fromkeys((frozenset({index}), frozenset(own))):
            changed = _recomputed(graph, each, values, index, without, len(own))
            if changed is not None:
                found.append((len(find_live_nodes(changed).nodes), len(without), -index, changed))
    for left, _, _, changed in sorted(found, key=lambda item: item[:3]):
        if left <= before:
            yield to_program(changed)


def _recomputed(
    graph: Graph, each: list[Product], values: Normalized, index: int, without: frozenset[int], budget: int
) -> Graph | None:
    """Return the graph with a node computed anew from what stands before it, or None if that takes too much."""
    known = [(each[i], i) for i in range(index) if i not in without]
    value, node = each[index], graph.nodes[index]
    emitter = Emitter(values.algebra, graph.nodes[:index], known, budget, node.name, graph.program.slots)
    try:
        reference = emitter.emit(value)
    except TooManyError:
        return None
    return replace_node(graph, index, emitter.nodes[index:], reference)


def _own_nodes(graph: Graph, index: int) -> set[int]:
    """Return the nodes that would go if nothing needed the node: itself and what only it reads."""
    users: list[set[int]] = [set() for _ in graph.nodes]
    for at, node in enumerate(graph.nodes):
        for argument in node.arguments:
            if isinstance(argument, int):
                users[argument].add(at)
    kept = {r for r in (graph.update, *graph.slots) if isinstance(r, int)}
    own = {index}
    for at in range(index - 1, -1, -1):
        if at not in kept and users[at] and users[at] <= own:
            own.add(at)
    return own
