"""What a simplification did, one record for each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

from lionsearch.algebra.program_values import normalize
from lionsearch.lang import Program, format_statement


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        stage: which kind of step.
        change: what went and what came, in statements.
        statements: how many are left.
        slots: how many are left.
        before: mean score before, over the tasks; None where none was measured.
        after: mean score after.
        interval: half the width of the 95 % confidence interval of the difference, on the task where it is widest.
    """

    stage: str
    change: str
    statements: int
    slots: int
    before: float | None = None
    after: float | None = None
    interval: float | None = None


def make_step(
    stage: str,
    change: str,
    program: Program,
    before: float | None = None,
    after: float | None = None,
    interval: float | None = None,
) -> Step:
    """Return the record of a step to a program."""
    return Step(stage, change, len(program.statements), len(program.slots), before, after, interval)


def describe_change(stage: str, old: Program, new: Program) -> Step:
    """Return the record of a step that changes no score, by the statements that went and came."""
    ours, theirs = _signatures(old), _signatures(new)
    gone, come = _surplus(ours, theirs), _surplus(theirs, ours)
    change = f"{'; '.join(gone)}  ->  {'; '.join(come)}" if come else f"without {'; '.join(gone)}" if gone else ""
    slots = [slot for slot in old.slots if slot not in new.slots]
    if slots:
        change = f"{change} without slot{'s' if len(slots) > 1 else ''} {', '.join(slots)}".strip()
    return make_step(stage, change, new)


def _surplus(ours: list[tuple[Hashable, str]], theirs: list[tuple[Hashable, str]]) -> list[str]:
    """Return the text of what is more often in ours than in theirs."""
    left = Counter(key for key, _ in theirs)
    found: list[str] = []
    for key, text in ours:
        if left[key]:
            left[key] -= 1
        else:
            found.append(text)
    return found


def _signatures(program: Program) -> list[tuple[Hashable, str]]:
    """Return each statement as an operation on values, whatever their names, and as text."""
    values: dict[str, bytes] = {name: name.encode() for name in program.initial_variables}
    found: list[tuple[Hashable, str]] = []
    for statement, value in zip(program.statements, normalize(program).statements, strict=True):
        arguments = tuple(values[a] if isinstance(a, str) else a for a in statement.arguments)
        found.append(((statement.operation, *arguments), format_statement(statement)))
        values[statement.target] = value.key
    return found
