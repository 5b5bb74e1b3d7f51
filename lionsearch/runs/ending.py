"""What follows from a run's result: the best program, what it is worth, a shorter one, and what it is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from lionsearch.archive.folder import SHORT
from lionsearch.errors import LionSearchError
from lionsearch.identification.identity import Identity, identify
from lionsearch.identification.nearest import Neighbour
from lionsearch.identification.neighbours import find_neighbours
from lionsearch.lang import format_program
from lionsearch.runs.config import RunConfig
from lionsearch.runs.result import RunResult
from lionsearch.runs.saving import save_program
from lionsearch.runs.verdict import Verdict, judge
from lionsearch.simplification.pipeline import Simplified, make_judges, simplify

_SEEDS = 16
"""Paired trainings by which the best program is simplified."""


class Ending:
    """A run's result, and what follows from it.

    Args:
        folder: of the run.
        config: the run's.
        result: how the run ended.
        notify: called with a sentence where something takes minutes, or could not be done.

    Attributes:
        best: the best program on fresh seeds; None if there is none, or the run did not get as far as it once had.
        verdict: what may be claimed of it; None of a run that was interrupted.
        tolerance: what its simplification may cost; None if it is not simplified.
        simplified: how it became shorter; None if it did not.
        short: the shorter program; None likewise.
    """

    def __init__(
        self, folder: Path, config: RunConfig, result: RunResult, notify: Callable[[str], None] = lambda text: None
    ):
        self.folder, self.config, self.result, self._notify = folder, config, result, notify
        self.best = result.best if result.caught_up else None
        self.verdict: Verdict | None = None
        if result.report is not None and result.baseline is not None:
            self.verdict = judge(result.report, result.baseline)
        self.tolerance = find_tolerance(self.verdict, config.experiment.evaluation.simplify)
        self.simplified = self._simplify()
        self.short = None if self.simplified is None else self.simplified.program

    @cached_property
    def identity(self) -> Identity | None:
        """The known method that the best is; None if it is none, or the run has not ended."""
        if self.best is None or not self.result.finished:
            return None
        return identify(self.short or self.best.program)

    def _simplify(self) -> Simplified | None:
        """Return the best program without what changes its scores little, if it is worth that and was asked for."""
        if self.tolerance is None or self.best is None:
            return None
        self._notify("simplifying the best program on its tasks")
        name = f"candidate {self.best.candidate}"
        try:
            judges = make_judges(self.best.program, name, self.config.specs, _SEEDS, self.tolerance)
            found = simplify(self.best.program, judges)
        except LionSearchError as error:  # what was found is none the less so
            self._notify(f"note: it is not simplified: {error}")
            return None
        return found if found.finished and found.steps else None

    @cached_property
    def nearest(self) -> Neighbour | None:
        """Of a better one without a name, the known program that it is nearest to."""
        if self.best is None or self.identity is not None or self.verdict is None or not self.verdict.better:
            return None
        try:
            found = find_neighbours(self.short or self.best.program, None, self.config.specs[0], 1)
        except LionSearchError as error:
            self._notify(f"note: it is not compared with known programs: {error}")
            return None
        return found[0] if found else None

    def save(self) -> list[str]:
        """Write `short.py`, the simplified program, or take away that of another best; return what went wrong."""
        if self.short is not None:
            return save_program(self.folder / SHORT, self.short)
        if self.result.finished:
            with contextlib.suppress(OSError):
                (self.folder / SHORT).unlink()
        return []

    def describe_start(self) -> str:
        """Return words for a program that is a start with the same or other constants, "" for another one."""
        if self.identity is None:
            return ""
        starts = [start for program in self.config.initial() if (start := identify(program)) is not None]
        if self.identity in starts:
            return ": the start"
        methods = {start.method for start in starts}
        return ": the start with other constants" if self.identity.method in methods else ""

    def describe(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        result, best = self.result, self.best
        progress = asdict(result.progress)
        for name in ("best", "limit"):
            progress.pop(name)
        return {
            "run": str(self.folder),
            "finished": result.finished,
            "stopped": result.stopped or None,
            "island": result.island or None,
            **progress,
            "lost": [{"stage": str(stage), "kind": str(kind), "count": count} for stage, kind, count in result.lost],
            "best": None
            if best is None
            else {
                "candidate": best.candidate,
                "fingerprint": best.fingerprint,
                "program": format_program(best.program),
                "search": asdict(best.search),
                "confirm": asdict(best.confirm),
            },
            "report": None if result.report is None else asdict(result.report),
            "baseline": None if result.baseline is None else asdict(result.baseline),
            "verdict": None
            if self.verdict is None
            else {"sentence": str(self.verdict), "better_on": self.verdict.better, **asdict(self.verdict)},
            "tolerance": self.tolerance,
            "short": None if self.short is None else format_program(self.short),
            "unseen": None
            if self.simplified is None or self.simplified.unseen is None
            else asdict(self.simplified.unseen),
            "identity": None if self.identity is None else self.identity.describe(),
            "nearest": None if self.nearest is None else self.nearest.describe(),
        }


def find_tolerance(verdict: Verdict | None, asked: float | None) -> float | None:
    """Return what a simplification may cost: what was asked for, and no more than half of what the best leads by.

    None where none was asked for, or the best leads nowhere.
    """
    if asked is None or verdict is None or not verdict.better:
        return None
    leads = [each.best.mean for each in verdict.tasks if each.best is not None and each.task in verdict.better]
    return min([asked, *(lead / 2 for lead in leads)])
