"""Rewritings of the state: a slot that another one determines goes, a slot in other units may save statements.

Each changed program is a proposal; the caller keeps it only if it is shorter and takes the same steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lionsearch.algebra.emit import Emitter, TooManyError, rounded
from lionsearch.algebra.normal_form import Algebra
from lionsearch.algebra.program_values import Normalized, node_values, normalize
from lionsearch.algebra.value import ZERO, Product, leaf, number
from lionsearch.graph import Graph, Node, Reference, replace_node, to_graph, to_program
from lionsearch.lang import MULTIPLY, Program

_NEW = "new value"  # no name of a program has a space


def merge_slots(program: Program, values: Normalized) -> Iterator[Program]:
    """Yield the program without a slot that is a multiple, or another function, of the slot that stays."""
    for kept in range(len(program.slots)):
        for gone in range(len(program.slots)):
            if gone != kept and program.state[gone][1] is program.state[kept][1]:
                yield from _as_multiple(program, values, kept, gone)
                yield from _as_function(program, values, kept, gone)


def rescale_slots(program: Program, values: Normalized) -> Iterator[Program]:
    """Yield the program with a slot kept in other units: those of an average, or of a sum."""
    graph = to_graph(program)
    for position, slot in enumerate(program.slots):
        final = graph.slots[position]
        for factor in _scales(slot, values.slots[position]) if isinstance(final, int) else ():
            changed = _rescaled(program, position, factor)
            if changed is not None:
                yield changed


def _rescaled(program: Program, position: int, factor: float) -> Program | None:
    """Return the program with slot s kept as s / factor: its next value first, what read it before as a multiple."""
    graph, slot = to_graph(program), program.slots[position]
    nodes = [Node(MULTIPLY, (slot, factor), slot)]  # the old units
    for node in graph.nodes:
        nodes.append(node.map(lambda a: _shifted(a, slot)))
    outputs = [_shifted(r, slot) for r in (graph.update, *graph.slots)]
    graph = Graph(tuple(nodes), outputs[0], tuple(outputs[1:]), program)
    final = graph.slots[position]
    assert isinstance(final, int)
    values = normalize(program, {slot: Product(factor, leaf(slot).factors)})
    known = list(zip(node_values(to_graph(program), values), range(1, final), strict=False))
    wanted = values.algebra.scaled(values.slots[position], 1 / factor)
    emitter = Emitter(values.algebra, graph.nodes[:final], known, len(nodes), slot, program.slots)
    try:
        written = emitter.emit(wanted)
    except TooManyError:
        return None
    if not isinstance(written, int):
        return None
    new = [*emitter.nodes[final:], Node(MULTIPLY, (written, factor), graph.nodes[final].name)]
    changed = replace_node(graph, final, new, final + len(new) - 1)
    slots = tuple(written if at == position else r for at, r in enumerate(changed.slots))
    return to_program(replace(changed, slots=slots))


def _shifted(reference: Reference, slot: str) -> Reference:
    """Return the reference after a node 0 that stands for the slot was put before all others."""
    return reference + 1 if isinstance(reference, int) else 0 if reference == slot else reference


def _scales(slot: str, value: Product) -> list[float]:
    """Return the units in which a x + b s, the next value of the slot s, is (1 - b) x + b s, and x + b s."""
    inner = value.sum
    if inner is None or len(inner.arguments) != 2:
        return []
    own = next((term for term in inner.arguments if term.unit == leaf(slot).unit), None)
    if own is None:
        return []
    other = inner.arguments[0] if own is inner.arguments[1] else inner.arguments[1]
    a, b = value.coefficient * other.coefficient, value.coefficient * own.coefficient
    found = [a] + ([a / (1 - b)] if 0 < b < 1 else [])
    return [rounded(scale) for scale in found if abs(scale - 1) > 1e-12]


def _as_multiple(program: Program, values: Normalized, kept: int, gone: int) -> Iterator[Program]:
    """Yield the program with k times the kept slot for the other, where the other always is that."""
    one, other = _terms(values.slots[kept]), _terms(values.slots[gone])
    ratios = [1.0, -1.0, *(other[unit] / one[unit] for unit in one if unit in other)]
    for ratio in dict.fromkeys(ratios):
        start = values.algebra.scaled(leaf(program.slots[kept]), ratio)
        assumed = normalize(program, {program.slots[gone]: start})
        if assumed.slots[gone] == assumed.algebra.scaled(assumed.slots[kept], ratio):
            reads: tuple[Node, ...] = ()
            if ratio != 1:
                reads = (Node(MULTIPLY, (program.slots[kept], ratio), program.slots[gone]),)
            yield _without_slot(program, gone, reads, 0 if reads else program.slots[kept])


def _terms(value: Product) -> dict[bytes, float]:
    """Return the coefficient of each term of a sum, by the term without it."""
    inner = value.sum
    terms = (value,) if inner is None else inner.arguments
    outer = 1.0 if inner is None else value.coefficient
    return {term.unit: outer * term.coefficient for term in terms if term.coefficient}


def _as_function(program: Program, values: Normalized, kept: int, gone: int) -> Iterator[Program]:
    """Yield the program with f(kept slot) for the other, where each step sets the other to f(new value of the kept)."""
    known = [(values.slots[kept], _NEW)]
    emitter = Emitter(values.algebra, (), known, len(program.statements), program.slots[gone], ())
    try:
        reference = emitter.emit(values.slots[gone])
    except TooManyError:
        return
    leaves = {a for node in emitter.nodes for a in node.arguments if isinstance(a, str)}
    if isinstance(reference, int) and leaves == {_NEW} and _is_zero_at_zero(emitter.nodes, reference, values.algebra):
        nodes = tuple(node.map(lambda a: program.slots[kept] if a == _NEW else a) for node in emitter.nodes)
        yield _without_slot(program, gone, nodes, reference)


def _is_zero_at_zero(nodes: Sequence[Node], reference: int, algebra: Algebra) -> bool:
    """Return whether nodes give 0 for 0: both slots start there."""
    found: list[Product] = []
    for node in nodes:
        arguments = [
            found[a] if isinstance(a, int) else ZERO if a == _NEW else number(float(a)) for a in node.arguments
        ]
        found.append(algebra.apply(node.operation, arguments))
    return found[reference] == ZERO


def drop_zero_slots(program: Program) -> Iterator[Program]:
    """Yield the program without the slots that stay at 0, where they start, as long as all of them do."""
    zero = set(program.slots)
    while zero:
        found = normalize(program, dict.fromkeys(zero, ZERO))
        stay = {slot for slot, value in zip(program.slots, found.slots, strict=True) if slot in zero and value == ZERO}
        if stay == zero:
            break
        zero = stay
    for slot in program.slots:
        if slot in zero:
            yield _without_slot(program, program.slots.index(slot), (), 0.0)


def _without_slot(program: Program, gone: int, nodes: tuple[Node, ...], value: Reference) -> Program:
    """Return the program with a slot read as a value that new nodes compute first."""
    graph, slot = to_graph(program), program.slots[gone]
    shift = len(nodes)

    def moved(old: Reference) -> Reference:
        return old + shift if isinstance(old, int) else value if old == slot else old

    later = tuple(node.map(moved) for node in graph.nodes)
    rest = replace(
        program,
        slots=tuple(s for i, s in enumerate(program.slots) if i != gone),
        slot_kinds=tuple(kind for i, (_, kind) in enumerate(program.state) if i != gone),
    )
    slots = tuple(moved(r) for i, r in enumerate(graph.slots) if i != gone)
    return to_program(Graph((*nodes, *later), moved(graph.update), slots, rest))
