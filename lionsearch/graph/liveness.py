"""Program -> what of it can reach an update, within a step and across steps.

A statement is live if the update, or a live slot, depends on it. A slot is live if its value at the start of a step
is read by live code: a slot that is overwritten before it is read carries nothing from step to step.
Invariant: removing what is dead leaves the update and every live slot equal to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lionsearch.graph.ssa import find_live_nodes, to_graph
from lionsearch.lang import INPUTS, Program


@dataclass(frozen=True, slots=True)
class Liveness:
    """What of a program is live.

    Attributes:
        statements: the indices of live statements, in order.
        slots: the live slots, in the program's order.
        reads: every variable that live code reads at the start of a step: inputs, slots, hyperparameters.
    """

    statements: tuple[int, ...]
    slots: tuple[str, ...]
    reads: frozenset[str]


def find_live(program: Program) -> Liveness:
    r"""Return what of the program is live.

    Examples:
        >>> from lionsearch.lang import parse
        >>> program = parse("def train(w, g, m, lr):\n  x = sin(g)\n  m = cos(g)\n  return g * lr, m")
        >>> find_live(program).statements, find_live(program).slots
        ((2,), ())
    """
    nodes, reads = find_live_nodes(to_graph(program, keep_copies=True))
    for name in program.optional_inputs:
        setting = INPUTS[name].setting
        if setting is not None and name in reads and setting[0] in program.initial_variables:
            reads.add(setting[0])
    return Liveness(tuple(sorted(nodes)), tuple([slot for slot in program.slots if slot in reads]), frozenset(reads))


def remove_dead_code(program: Program) -> Program:
    r"""Return the program without dead statements, slots, optional inputs and hyperparameters.

    Examples:
        >>> from lionsearch.lang import format_program, parse
        >>> print(format_program(remove_dead_code(parse("def train(w, g, m, lr):\n  x = sin(m)\n  return g, m"))))
        def train(w, g, lr):
            return g
        <BLANKLINE>
    """
    live = find_live(program)
    if len(live.statements) == len(program.statements) and live.reads.issuperset(program.initial_variables):
        return program
    return replace(
        program,
        statements=tuple([program.statements[index] for index in live.statements]),
        slots=live.slots,
        slot_kinds=tuple([kind for slot, kind in program.state if slot in live.slots]),
        optional_inputs=tuple(name for name in program.optional_inputs if name in live.reads),
        hyperparameters=tuple(item for item in program.hyperparameters if item[0] in live.reads),
    )
