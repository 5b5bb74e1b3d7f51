"""Program -> what a listing says of it: title, equations, source, year and group from its docstring; state and needs.

The docstring of a shipped program has, in this order: a first line, indented equations, notes, `Source:`, `Group:`.
A program without any of it has empty fields.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from lionsearch.lang import OPERATIONS, Kind, Program

_YEAR = re.compile(r"\b(1[6-9]\d\d|20\d\d)\b")
_KIND_NAMES = {
    Kind.PER_TENSOR: "per tensor",
    Kind.SCALAR: "scalar",
    Kind.ROW: "row",
    Kind.COLUMN: "column",
    Kind.LEFT: "left square",
    Kind.RIGHT: "right square",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a listing says of a program.

    Attributes:
        title: the first line.
        equations: the indented lines, without the indentation.
        notes: the other lines.
        source: where the method comes from.
        year: the first year in the source, or None.
        group: the kind of method.
        state: what it keeps for each parameter, such as `2` tensors, or `row, column`.
        needs: optional inputs, and `matrices` where it has matrix operations.
    """

    title: str
    equations: tuple[str, ...]
    notes: str
    source: str
    year: int | None
    group: str
    state: str
    needs: tuple[str, ...]


def summarize(program: Program) -> Summary:
    """Return what a listing says of a program.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> summary = summarize(load_program("lion"))
        >>> summary.year, summary.group, summary.state, summary.needs
        (2023, 'sign', '1', ())
    """
    lines = program.description.strip().splitlines()
    title, rest = (lines[0].strip(), lines[1:]) if lines else ("", [])
    source, group = _labelled("Source:", rest), _labelled("Group:", rest)
    equations = tuple(line[4:].rstrip() for line in rest if line.startswith("    ") and line.strip())
    notes = [line.strip() for line in rest if not line.startswith(("    ", "Source:", "Group:"))]
    year = _YEAR.search(source)
    return Summary(
        title,
        equations,
        "\n".join(notes).strip(),
        source,
        int(year.group()) if year else None,
        group,
        _state(program),
        _needs(program),
    )


def _labelled(label: str, lines: list[str]) -> str:
    found = (line.removeprefix(label).strip() for line in lines if line.startswith(label))
    return next(found, "")


def _state(program: Program) -> str:
    counts = Counter(kind for _, kind in program.state)
    parts = [str(counts.pop(Kind.TENSOR))] if Kind.TENSOR in counts else []
    for kind, count in counts.items():
        parts.append(_KIND_NAMES[kind] if count == 1 else f"{count} x {_KIND_NAMES[kind]}")
    return ", ".join(parts) or "0"


def _needs(program: Program) -> tuple[str, ...]:
    matrices = any(OPERATIONS[statement.operation].group == "matrix" for statement in program.statements)
    return (*program.optional_inputs, *(["matrices"] if matrices else []))
