"""Values -> phases: what acts on numbers, once; then what acts on each parameter; then what needs all of them.

A sum over the whole tree ends a phase. Within a phase, numbers come first and are computed once, however many
parameters there are.
"""

from __future__ import annotations

from dataclasses import dataclass

from lionsearch.export.flow import REDUCTIONS, Flow, consumers
from lionsearch.lang import Kind


@dataclass(frozen=True, slots=True)
class Phase:
    """One pass over the parameters.

    Attributes:
        numbers: values of the whole tree, computed before the pass: sums over what earlier passes gave, and numbers.
        leaves: values computed for each parameter.
        results: those of `leaves` that a later phase, or the caller, reads.
    """

    numbers: tuple[int, ...]
    leaves: tuple[int, ...]
    results: tuple[int, ...]


def split_phases(flow: Flow) -> tuple[Phase, ...]:
    """Return the phases of a program; the last one gives the update and every slot.

    Example:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.export.flow import build_flow
        >>> [len(split_phases(build_flow(load_program(name)))) for name in ("lion", "dog", "momo")]
        [1, 2, 2]
    """
    needed = flow.needed()
    level = _earliest(flow, needed)
    last = max((level[index] for index in needed), default=0)
    level |= _latest(flow, needed, level, last)
    phases = []
    for number in range(last + 1):
        here = [index for index in needed if level[index] == number]
        numbers = tuple(index for index in here if flow.values[index].kind is Kind.SCALAR)
        leaves = tuple(index for index in here if flow.values[index].kind is not Kind.SCALAR)
        phases.append(Phase(numbers, leaves, _results(flow, needed, level, leaves, number)))
    return tuple(phases)


def _earliest(flow: Flow, needed: list[int]) -> dict[int, int]:
    level = dict.fromkeys(flow.initial.values(), 0)
    for index in needed:
        value = flow.values[index]
        after = max((level[read] for read in value.reads), default=0)
        from_initial = all(flow.values[read].operation is None for read in value.reads)
        level[index] = after + (value.operation in REDUCTIONS and not from_initial)
    return level


def _latest(flow: Flow, needed: list[int], level: dict[int, int], last: int) -> dict[int, int]:
    """Return later levels for values of parameters, so that as few as possible pass from phase to phase."""
    readers, late = consumers(flow, needed), dict(level)
    for index in reversed(needed):
        if flow.values[index].kind is Kind.SCALAR:
            continue
        bounds = [late[reader] - (flow.values[reader].operation in REDUCTIONS) for reader in readers[index]]
        late[index] = max(level[index], min(bounds, default=last))
    return late


def _results(
    flow: Flow, needed: list[int], level: dict[int, int], leaves: tuple[int, ...], number: int
) -> tuple[int, ...]:
    readers = consumers(flow, needed)
    return tuple(
        index for index in leaves if index in flow.outputs or any(level[reader] > number for reader in readers[index])
    )
