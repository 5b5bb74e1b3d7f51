"""Mutations of live code: every one of them acts on the update at once.

Each takes a program's live graph and returns another, or None where the draw is not possible; dead code is gone from
the child. A *use* is a place where a value is read: an argument of a live statement, the update, or the next value of
a live slot. A new argument is a constant, or any value that is known there and whose kind the operation takes.

- splice: one use reads a new statement, one of whose arguments is the value that was read there. The new value may
  become the next value of a slot that nothing reads so far.
- duplicate: a live statement has a copy with one argument changed, and one of its uses reads the copy.
- bypass: a live statement goes; its uses read one of its arguments.
- operation: a live statement has another operation. It keeps what arguments that has room for, in their order; what it
  has more is drawn.
- exchange: two arguments of a live statement change places.
- redirect: one use reads another value.
- crossover: one use reads a value of the other parent, which comes with all that it is computed from within a step.

All operations are drawn alike. Kinds are checked by `mutate`, which draws again.

References: the list is what symbolic regression uses (Cranmer 2023, arXiv 2305.01582, section 2.1) carried from trees
to statements; duplication is that of genes (Ohno 1970).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from lionsearch.evolution.constant_draws import change_constant, draw_factor
from lionsearch.evolution.editing import LiveGraph, Read, with_insertion, with_node, with_read
from lionsearch.evolution.paper_mutations import draw_argument
from lionsearch.evolution.settings import MutationSettings
from lionsearch.graph import Graph, Node, Reference, replace_node
from lionsearch.lang import MULTIPLY, OPERATIONS

_SLOT_PROBABILITY = 0.25


def splice(live: LiveGraph, rng: random.Random, settings: MutationSettings) -> Graph | None:
    """Return the graph with a new statement between a value and one of its uses."""
    read = rng.choice(live.reads)
    row = OPERATIONS[rng.choice(settings.operations)]
    fitting = [i for i, takes in enumerate(row.takes) if takes[live.kind(read.value)]]
    if not fitting:
        return None
    position = rng.choice(fitting)
    known = live.known_before(read.place)
    arguments: list[Reference | None] = [
        read.value if i == position else draw_argument(known, takes, rng, settings) for i, takes in enumerate(row.takes)
    ]
    node = _make_node(row.name, arguments)
    if node is None:
        return None
    graph = _with_reader(live.graph, read.place, node, read)
    if live.dead_slots and rng.random() < _SLOT_PROBABILITY:
        graph = _with_next_value(graph, rng.choice(live.dead_slots), read.place)
    return graph


def duplicate(live: LiveGraph, rng: random.Random, settings: MutationSettings) -> Graph | None:
    """Return the graph with a changed copy of a statement, which one of the statement's uses reads."""
    reads = [read for read in live.reads if isinstance(read.value, int) and live.graph.nodes[read.value].arguments]
    if not reads:
        return None
    read = rng.choice(reads)
    assert isinstance(read.value, int)
    node = live.graph.nodes[read.value]
    position = rng.randrange(len(node.arguments))
    new = _other_argument(live, read.value, position, rng, settings)
    if new is None:
        return None
    arguments = (*node.arguments[:position], new, *node.arguments[position + 1 :])
    return _with_reader(live.graph, read.value, replace(node, arguments=arguments), read)


def bypass(live: LiveGraph, rng: random.Random, settings: MutationSettings) -> Graph | None:
    """Return the graph without a statement, whose uses read one of its arguments instead."""
    del settings
    nodes = live.graph.nodes
    if not nodes:
        return None
    place = rng.randrange(len(nodes))
    if not nodes[place].arguments:
        return None
    return replace_node(live.graph, place, [], rng.choice(nodes[place].arguments))


def operation(live: LiveGraph, rng: random.Random, settings: MutationSettings) -> Graph | None:
    """Return the graph in which a statement has another operation, and what arguments that has room for."""
    nodes = live.graph.nodes
    if not nodes:
        return None
    place = rng.randrange(len(nodes))
    node = nodes[place]
    name = rng.choice(settings.operations)
    takes = OPERATIONS[name].takes
    kept = dict(zip(*_match_up(len(takes), len(node.arguments), rng), strict=True))
    known = live.known_before(place)
    arguments: list[Reference | None] = [
        node.arguments[kept[i]] if i in kept else draw_argument(known, fitting, rng, settings)
        for i, fitting in enumerate(takes)
    ]
    new = _make_node(name, arguments)
    if name == node.operation or new is None:
        return None
    return with_node(live.graph, place, replace(new, name=node.name))


def _match_up(new: int, old: int, rng: random.Random) -> tuple[list[int], list[int]]:
    """Return positions among new and among old arguments, as many as both have, both in order."""
    both = min(new, old)
    return sorted(rng.sample(range(new), both)), sorted(rng.sample(range(old), both))


def exchange(live: LiveGraph, rng: random.Random, settings: MutationSettings) -> Graph | None:
    """Return the graph in which two arguments of a statement have changed places, where that is not the same."""
    del settings
    places = [
        place
        for place, node in enumerate(live.graph.nodes)
        if len(set(node.arguments)) > 1 and not (len(node.arguments) == 2 and OPERATIONS[node.operation].commutative)
    ]
    if not places:
        return None
    place = rng.choice(places)
    node = live.graph.nodes[place]
    one, other = rng.sample(range(len(node.arguments)), 2)
    arguments = list(node.arguments)
    arguments[one], arguments[other] = arguments[other], arguments[one]
    return with_node(live.graph, place, replace(node, arguments=tuple(arguments)))


def redirect(live: LiveGraph, rng: random.Random, settings: MutationSettings) -> Graph | None:
    """Return the graph in which one use reads another value, or a constant where the operation takes one."""
    read = rng.choice(live.reads)
    if read.place < len(live.graph.nodes):
        new = _other_argument(live, read.place, read.position, rng, settings)
    else:
        kind = live.kind(read.value)
        new = rng.choice([value for value, other in live.known_before(read.place).items() if other is kind])
    return None if new is None or new == read.value else with_read(live.graph, read, new)


def crossover(live: LiveGraph, mate: LiveGraph, rng: random.Random) -> Graph | None:
    """Return the graph in which one use reads a value of the mate, computed from this program's inputs and slots.

    Args:
        live: the graph to change.
        mate: its slots are this program's in order; a value that needs an input or slot more is not brought.
        rng: drawn from.
    """
    read = rng.choice(live.reads)
    kind = live.kind(read.value)
    fitting = [place for place, other in enumerate(mate.kinds) if other is kind]
    if not fitting:
        return None
    names = dict(zip(mate.graph.program.slots, live.graph.program.slots, strict=False))
    brought = _slice(mate.graph.nodes, rng.choice(fitting))
    leaves = {a for node in brought for a in node.arguments if isinstance(a, str)}
    if any(live.leaves.get(names.get(leaf, leaf)) is not mate.leaves[leaf] for leaf in leaves):
        return None
    nodes = tuple(node.map(lambda a: names.get(a, a) if isinstance(a, str) else a) for node in brought)
    graph = with_insertion(live.graph, 0, nodes)
    return with_read(graph, read._replace(place=read.place + len(nodes)), len(nodes) - 1)


def rescale(live: LiveGraph, rng: random.Random) -> Graph:
    """Return the graph with another learning rate, see `draw_factor`."""
    return scale_rate(live, draw_factor(rng))


def scale_rate(live: LiveGraph, factor: float) -> Graph:
    """Return the graph with `lr` times a factor wherever it is read.

    Where `lr` is only read to be multiplied by a constant, as in AdamW, it is that constant that changes.
    """
    graph = live.graph
    reads = [read for read in live.reads if read.value == "lr"]
    for read in reads:
        node = graph.nodes[read.place] if read.place < len(graph.nodes) else None
        other = node.arguments[1 - read.position] if node is not None and node.operation == MULTIPLY else None
        if node is None or not isinstance(other, float):
            break
        graph = with_read(graph, Read(read.place, 1 - read.position, 0), other * factor)
    else:
        return graph
    graph = with_insertion(live.graph, 0, (Node(MULTIPLY, ("lr", factor), "lr"),))
    for read in reads:
        graph = with_read(graph, read._replace(place=read.place + 1), 0)
    return graph


def _make_node(name: str, arguments: Sequence[Reference | None]) -> Node | None:
    given = tuple(argument for argument in arguments if argument is not None)
    return Node(name, given, "v1") if len(given) == len(arguments) else None


def _other_argument(
    live: LiveGraph, place: int, position: int, rng: random.Random, settings: MutationSettings
) -> Reference | None:
    """Return another value for an argument of a node, or None if the draw gives the same again."""
    node = live.graph.nodes[place]
    old = node.arguments[position]
    if isinstance(old, float) and rng.random() < 0.5:
        return change_constant(old, rng, settings.constants)
    new = draw_argument(live.known_before(place), OPERATIONS[node.operation].takes[position], rng, settings)
    return None if new == old else new


def _with_reader(graph: Graph, place: int, node: Node, read: Read) -> Graph:
    """Return the graph with a node more at a place, which one use behind that place reads."""
    return with_read(with_insertion(graph, place, (node,)), read._replace(place=read.place + 1), place)


def _with_next_value(graph: Graph, slot: str, value: int) -> Graph:
    """Return the graph in which a node is a slot's next value."""
    position = graph.program.slots.index(slot)
    return replace(graph, slots=(*graph.slots[:position], value, *graph.slots[position + 1 :]))


def _slice(nodes: Sequence[Node], place: int) -> tuple[Node, ...]:
    """Return a node and all that it is computed from, the node last."""
    needed = {place}
    for index in range(place, -1, -1):
        if index in needed:
            needed.update(a for a in nodes[index].arguments if isinstance(a, int))
    order = {old: new for new, old in enumerate(sorted(needed))}
    return tuple(nodes[old].map(lambda a: order[a] if isinstance(a, int) else a) for old in order)
