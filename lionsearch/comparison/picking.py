"""The best distinct programs of a run: those that a funnel begins with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np

from lionsearch.archive.folder import SHORT
from lionsearch.comparison.contestant import Contestant
from lionsearch.compose import compose
from lionsearch.errors import RunError
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.lang import Program
from lionsearch.records import Stage
from lionsearch.runs.view import Run
from lionsearch.semantics.directions import course

_ALIKE = 0.999
"""The cosine from which the updates of two programs are the same but for their size, which is tuned in what follows."""


@dataclass(frozen=True, slots=True)
class _Kept:
    name: str
    program: Program
    fingerprint: str
    course: np.ndarray | None


def pick(run: Run, most: int) -> list[Contestant]:
    """Return the best programs of a run that differ in what they do, the best first.

    In turn: its simplified best; by fresh seeds its elites, and of those that are best for their length the shortest
    first; then the best of the search. Of programs that make the same updates but for their size, the shortest stands,
    unless the simplified best is one of them.
    On short noisy tasks weight decay is no use, and a search loses it; longer ones may want it. So a program without
    one is taken as `decay(PROGRAM, weight_decay=0)`, which is the same until it is tuned.

    Args:
        run: also one that goes on.
        most: programs.

    Raises:
        RunError: if no program has a score yet.
    """
    kept: list[_Kept] = []
    for name, program in _in_turn(run, most):
        found = _Kept(name, remove_dead_code(program), fingerprint(program), course(program))
        same = next((place for place, other in enumerate(kept) if _is_alike(found, other)), None)
        if same is None and len(kept) < most:
            kept.append(found)
        elif same is not None and kept[same].name != str(run.folder / SHORT) and _length(found) < _length(kept[same]):
            kept[same] = found
    if not kept:
        raise RunError(f"{run.folder}: no program has a score yet")
    return [_enter(each.name, each.program) for each in kept]


def _in_turn(run: Run, most: int) -> Iterator[tuple[str, Program]]:
    if run.short is not None:
        yield str(run.folder / SHORT), run.short
    for found in filter(None, chain.from_iterable(zip_longest(run.elites(), run.front()))):
        yield found.target, found.program
    for found in run.ranked(Stage.SEARCH, top=4 * most):
        yield found.target, found.program


def _enter(name: str, program: Program) -> Contestant:
    """Return a program that has a weight decay, its own or one that is 0."""
    if "weight_decay" in dict(program.hyperparameters):
        return Contestant(name, program)
    quoted = repr(name) if {*name} & {*"'\"(),="} else name
    decayed = f"decay({quoted}, weight_decay=0)"
    return Contestant(decayed, compose(decayed, lambda _: program))


def _is_alike(one: _Kept, other: _Kept) -> bool:
    if one.fingerprint == other.fingerprint:
        return True
    if one.course is None or other.course is None:
        return False
    return float(one.course @ other.course) > _ALIKE


def _length(kept: _Kept) -> int:
    return len(kept.program.statements)
