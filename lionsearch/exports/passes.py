"""Nodes -> passes: what acts on numbers, once; then what acts on each parameter; then what needs all of them.

A sum over the whole tree ends a pass. Within a pass, numbers come first and are computed once, however many
parameters there are. What depends on a parameter's count of steps alone is computed once for each count.
"""

from __future__ import annotations

from dataclasses import dataclass

from lionsearch.exports.clock import CLOCK
from lionsearch.graph.lowering import LoweredProgram
from lionsearch.lang import OPERATIONS, Kind


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over the parameters.

    Attributes:
        numbers: nodes of the whole tree, computed before the pass: sums over what earlier passes gave, and numbers.
        leaves: nodes computed for each parameter.
        results: those of `leaves` that a later pass, or the caller, reads.
        clock: nodes computed for each count of steps, in the first pass, after the numbers.
    """

    numbers: tuple[int, ...]
    leaves: tuple[int, ...]
    results: tuple[int, ...]
    clock: tuple[int, ...] = ()

    @property
    def parts(self) -> tuple[tuple[int, ...], ...]:
        """The nodes in order: those whose functions are apart, apart."""
        return self.numbers, self.clock, self.leaves


def split_passes(lowered: LoweredProgram) -> tuple[Pass, ...]:
    """Return the passes of a program; the last one gives the update and every slot.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.graph.lowering import lower
        >>> [len(split_passes(lower(load_program(name)))) for name in ("lion", "dog", "momo")]
        [1, 2, 2]
    """
    level = _latest(lowered, _earliest(lowered))
    clock = _find_clock(lowered, level)
    for index in clock:
        level[index] = 0
    passes = []
    for number in range(max(level, default=0) + 1):
        here = [index for index, at in enumerate(level) if at == number]
        numbers = tuple(index for index in here if lowered.kinds[index] is Kind.SCALAR)
        leaves = tuple(index for index in here if lowered.kinds[index] is not Kind.SCALAR and index not in clock)
        results = tuple(index for index in leaves if _is_read_later(lowered, level, index))
        passes.append(Pass(numbers, leaves, results, () if number else tuple(clock)))
    return tuple(passes)


def _find_clock(lowered: LoweredProgram, level: list[int]) -> list[int]:
    """Return the nodes that depend on a parameter's count of steps, and else on numbers that are there before."""
    known: set[int | str] = {name for name, kind in lowered.leaves.items() if kind is Kind.SCALAR}
    found: list[int] = []
    for index, node in enumerate(lowered.nodes):
        if lowered.kinds[index] is Kind.SCALAR:
            known |= {index} if level[index] == 0 else set()
        elif lowered.kinds[index] is Kind.PER_TENSOR and known.union({CLOCK}).issuperset(node.reads):
            known.add(index)
            found.append(index)
    return found


def _sums_tree(lowered: LoweredProgram, index: int) -> bool:
    return OPERATIONS[lowered.nodes[index].operation].sums_tree


def _earliest(lowered: LoweredProgram) -> list[int]:
    level: list[int] = []
    for index, node in enumerate(lowered.nodes):
        before = [level[read] for read in node.reads if isinstance(read, int)]
        level.append(max(before, default=0) + (_sums_tree(lowered, index) and bool(before)))
    return level


def _latest(lowered: LoweredProgram, level: list[int]) -> list[int]:
    """Return later levels for nodes of parameters, so that as few as possible pass from pass to pass."""
    late, last = list(level), max(level, default=0)
    for index in reversed(range(len(level))):
        if lowered.kinds[index] is not Kind.SCALAR:
            bounds = [late[reader] - _sums_tree(lowered, reader) for reader in lowered.readers[index]]
            late[index] = max(level[index], min(bounds, default=last))
    return late


def _is_read_later(lowered: LoweredProgram, level: list[int], index: int) -> bool:
    return index in lowered.outputs or any(level[reader] > level[index] for reader in lowered.readers[index])
