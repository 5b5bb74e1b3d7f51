"""A count of steps for each parameter, for PyTorch, where a parameter's gradients may start late or come now and then.

What is computed for a parameter reads its own count in the place of `t`: a bias correction, or the first step of a
slot. What all parameters share, such as a sum over them or a slot that is one number, reads the group's.
"""

from __future__ import annotations

from dataclasses import replace

from lionsearch.graph import Graph, Node, Reference
from lionsearch.graph.lowering import SHARED_CLOCK, LoweredProgram
from lionsearch.graph.ssa import prune
from lionsearch.lang import INPUTS, INTERP, OPERATIONS, Kind

CLOCK = "t"


def with_own_clocks(lowered: LoweredProgram) -> LoweredProgram:
    """Return the program with a count for each parameter (`t`), and one for what parameters share.

    A slot that is one number and depends on the count alone, such as a sum of weights, becomes each parameter's.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.graph.lowering import lower
        >>> found = with_own_clocks(lower(load_program("dog")))
        >>> [(node.operation, node.reads[0]) for node in found.nodes if set(node.reads) & {CLOCK, SHARED_CLOCK}]
        [('equal', 'steps of the group'), ('equal', 't')]
    """
    common = _find_common(lowered)
    averages = {i for i in common if isinstance(i, int) and lowered.nodes[i].operation == INTERP}
    finals = zip(lowered.program.slots, lowered.graph.slots, strict=True)
    averages |= {slot for slot, final in finals if final in averages}
    group, own = _Places(SHARED_CLOCK), _Places(CLOCK)
    nodes: list[Node] = []
    for index, node in enumerate(lowered.nodes):
        group.nodes[index] = own.nodes[index] = len(nodes)
        if lowered.kinds[index] is not Kind.SCALAR:
            nodes.append(node.map(own.read))
            continue
        nodes.append(node.map(group.read))
        row = OPERATIONS[node.operation]
        is_start = row.selects and index in common  # of a number that parameters share, as where(t == 1, d0, d)
        is_final = index in common and index in lowered.graph.slots
        is_average = not averages.isdisjoint(node.reads)  # of what parameters share, corrected for its own start
        counted = node.map(own.read)
        if not (row.sums_tree or is_start or is_final or is_average) and counted != nodes[-1]:
            own.nodes[index] = len(nodes)
            nodes.append(counted)
    state = [(slot, _own_kind(slot, kind, common)) for slot, kind in lowered.program.state]
    finals = zip(lowered.graph.slots, state, strict=True)
    slots = tuple((group if kind is Kind.SCALAR else own).read(reference) for reference, (_, kind) in finals)
    program = replace(lowered.program, slot_kinds=tuple(kind for _, kind in state))
    graph = Graph(tuple(nodes), own.read(lowered.graph.update), slots, program)
    clocks = {CLOCK: Kind.PER_TENSOR, SHARED_CLOCK: Kind.SCALAR} if CLOCK in lowered.leaves else {}
    return replace(lowered, graph=prune(graph, keep_slots=True), leaves={**lowered.leaves, **dict(state), **clocks})


class _Places:
    """Where the nodes went, as seen by what reads one of the two counts."""

    def __init__(self, leaf: str):
        self.nodes: dict[int, int] = {}
        self._leaf = leaf

    def read(self, reference: Reference) -> Reference:
        if isinstance(reference, int):
            return self.nodes[reference]
        return self._leaf if reference == CLOCK else reference


def _own_kind(slot: str, kind: Kind, common: set[int | str]) -> Kind:
    return Kind.PER_TENSOR if kind is Kind.SCALAR and slot not in common else kind


def _find_common(lowered: LoweredProgram) -> set[int | str]:
    """Return the numbers that parameters share: sums over them, the loss, what depends on these or leads to them."""
    finals = {
        slot: final
        for (slot, kind), final in zip(lowered.program.state, lowered.graph.slots, strict=True)
        if kind is Kind.SCALAR
    }
    numbers = [index for index, kind in enumerate(lowered.kinds) if kind is Kind.SCALAR]
    common: set[int | str] = {name for name, row in INPUTS.items() if row.kind is Kind.SCALAR}
    common -= {"lr", CLOCK}
    while True:
        for index in numbers:
            node = lowered.nodes[index]
            if OPERATIONS[node.operation].sums_tree or not common.isdisjoint(node.reads):
                common.add(index)
        read: set[int | str] = set()
        for index in reversed(numbers):
            if index in common or index in read:
                read.update(lowered.nodes[index].reads)
        new = {slot for slot, final in finals.items() if slot in read or final in common} - common
        if not new:
            return common
        common |= new
