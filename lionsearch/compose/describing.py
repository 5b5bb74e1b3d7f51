"""What a composition says of itself: its text, the equations of its programs, what each part does, and the sources.

Equations stand directly below the first line, as in a shipped program; of several programs each block has its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lionsearch.compose.transforms import Transform
from lionsearch.lang import Program
from lionsearch.lang.summary import summarize


def describe_transformed(transform: Transform, inner: Sequence[tuple[str, Program]]) -> str:
    """Return the description of a transformed program, without a first line of its own.

    Args:
        transform: what it is transformed by.
        inner: the programs, each with what to call it.
    """
    does = f"{transform.name}: {transform.description}."
    if len(inner) == 1:
        [(_, program)] = inner
        found = summarize(program)
        return _arrange("\n".join(filter(None, (does, _prose(program)))), found.equations, found.source, found.group)
    equations, prose, sources, groups = [], [does], [], []
    for name, program in inner:
        found = summarize(program)
        if found.equations:
            equations += [f"{name}:", *(f"  {line}" for line in found.equations)]
        if _prose(program):
            prose.append(f"{name}: {_prose(program)}")
        if found.source:
            sources.append(f"{name}: {found.source.removesuffix('.')}")
        groups.append(found.group)
    group = ", ".join(dict.fromkeys(filter(None, groups)))
    return _arrange("\n\n".join(prose), equations, "; ".join(sources) + "." * bool(sources), group)


def entitle(text: str, program: Program) -> Program:
    """Return the program with the text as the first line of its description."""
    found = summarize(program)
    equations = "\n".join(f"    {line}" for line in found.equations)
    rest = _arrange(_prose(program), (), found.source, found.group)
    return replace(program, description="\n\n".join(filter(None, (text, equations, rest))))


def _arrange(prose: str, equations: Sequence[str], source: str, group: str) -> str:
    shown = "\n".join(f"    {line}" for line in equations)
    labels = [f"{label}: {value}" for label, value in (("Source", source), ("Group", group)) if value]
    return "\n\n".join(filter(None, (prose, shown, "\n".join(labels))))


def _prose(program: Program) -> str:
    """Return the description without equations and labels."""
    lines = program.description.strip().splitlines()
    kept = (line.rstrip() for line in lines if not line.startswith(("    ", "Source:", "Group:")))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
