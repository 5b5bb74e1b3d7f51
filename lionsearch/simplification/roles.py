"""What a constant of a program is for, by what it meets: a decay, weight decay, eps, the scale of the rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lionsearch.graph import Graph, Node, to_graph
from lionsearch.lang import ADD, COPY, DIVIDE, INTERP, MULTIPLY, SUBTRACT, Program

DECAY, WEIGHT_DECAY, EPSILON, RATE = "b", "weight_decay", "eps", "lr_scale"
_SMALL = 1e-3  # a constant below it that is added to a divisor is there to keep it from 0
_SUMS = frozenset({ADD, SUBTRACT})

_SQUARES = frozenset({"square", "abs"})


class Role(NamedTuple):
    """What a constant is for.

    Attributes:
        position: of the constant among its statement's arguments.
        what: it is for.
        moment: 2 for the decay of an average of squares or absolute values, else 1.
    """

    position: int
    what: str
    moment: int = 1


def find_roles(program: Program) -> list[Role | None]:
    """Return for each statement the role of its constant, or None.

    - b: what weighs a slot in an average, or what it is multiplied by on the way to its own next value.
    - weight_decay: what the weights are multiplied by before they are added to something.
    - eps: what is added to a divisor, or to what a root is drawn of for one.
    - lr_scale: what the schedule's value is multiplied by, if nothing reads that value otherwise.
    """
    graph = to_graph(program)
    roles = iter([_role(index, graph) for index in range(len(graph.nodes))])
    return [None if statement.operation == COPY else next(roles) for statement in program.statements]


def _role(index: int, graph: Graph) -> Role | None:
    node = graph.nodes[index]
    constants = [at for at, argument in enumerate(node.arguments) if isinstance(argument, float)]
    if len(constants) != 1:
        return None
    at = constants[0]
    value = float(node.arguments[at])  # type: ignore[arg-type]
    others = [argument for place, argument in enumerate(node.arguments) if place != at]
    readers = list(_readers(index, graph))
    if node.operation == INTERP and at == 2 and 0 < value < 1 and others[1] in graph.program.slots:
        return Role(at, DECAY, _moment(others[0], graph))
    if node.operation == MULTIPLY and value > 0:
        [other] = others
        kept = [r for i, r in readers if r.operation in _SUMS and _is_kept(i, other, graph)]
        if value < 1 and kept:
            return Role(at, DECAY, max(_moment(argument, graph) for argument in kept[0].arguments))
        if other == "w" and readers and all(reader.operation in _SUMS for _, reader in readers):
            return Role(at, WEIGHT_DECAY)
        reads = sum(each.arguments.count("lr") for each in graph.nodes)
        if other == "lr" and reads == 1 and "lr" not in (graph.update, *graph.slots):
            return Role(at, RATE)
    if node.operation == ADD and 0 < value < _SMALL and any(_divides(index, i, r, graph) for i, r in readers):
        return Role(at, EPSILON)
    return None


def _moment(argument: object, graph: Graph) -> int:
    """Return 2 if a value is made of squares or absolute values, times constants, else 1."""
    factors = [each for each in _factors(argument, graph) if not _is_constant(each, graph)]
    squared = len(factors) == 1 and isinstance(factors[0], int) and graph.nodes[factors[0]].operation in _SQUARES
    return 2 if squared or (len(factors) == 2 and factors[0] == factors[1]) else 1


def _factors(argument: object, graph: Graph) -> list[object]:
    if isinstance(argument, int) and graph.nodes[argument].operation == MULTIPLY:
        return [factor for each in graph.nodes[argument].arguments for factor in _factors(each, graph)]
    return [argument]


def _is_constant(argument: object, graph: Graph) -> bool:
    return isinstance(argument, float) or argument in dict(graph.program.hyperparameters)


def _is_kept(index: int, slot: object, graph: Graph) -> bool:
    """Return whether a node is the next value of this slot."""
    return slot in graph.program.slots and graph.slots[graph.program.slots.index(str(slot))] == index


def _divides(index: int, reader_index: int, reader: Node, graph: Graph) -> bool:
    if reader.operation == DIVIDE:
        return reader.arguments[1] == index
    if reader.operation == "reciprocal":
        return True
    roots = reader.operation == "sqrt"
    return roots and any(
        r.operation == DIVIDE and r.arguments[1] == reader_index for _, r in _readers(reader_index, graph)
    )


def _readers(index: int, graph: Graph) -> Iterator[tuple[int, Node]]:
    return ((i, node) for i, node in enumerate(graph.nodes) if index in node.arguments)
