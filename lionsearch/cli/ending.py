"""What a search says when it ends: the best program, what it is worth, and what it is."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lionsearch.errors import LionSearchError
from lionsearch.workers.choice import Placement

if TYPE_CHECKING:
    from lionsearch.identify import Identity
    from lionsearch.identify.nearest import Neighbour
    from lionsearch.lang import Program
    from lionsearch.records import Evaluation
    from lionsearch.runs.config import RunConfig
    from lionsearch.runs.result import RunResult
    from lionsearch.runs.verdict import Verdict
    from lionsearch.simplify.pipeline import Simplified


class Ending:
    """A run's result, and what follows from it.

    Args:
        folder: of the run.
        config: the run's.
        result: how the run ended.
        placement: where evaluations ran, so that the command to go on has them there too.
    """

    def __init__(self, folder: Path, config: RunConfig, result: RunResult, placement: Placement | None = None):
        self.folder, self.config, self.result = folder, config, result
        self._placement = Placement() if placement is None else placement
        self.best = result.best if result.caught_up else None
        self.verdict = _judge(result)
        self.tolerance = find_tolerance(self.verdict, config.experiment.evaluation.simplify)
        self.simplified = self._simplify()
        self.short = None if self.simplified is None else self.simplified.program
        self.identity = None if self.best is None or not result.finished else _identify(self.short or self.best.program)
        self.nearest = self._find_nearest()

    def _simplify(self) -> Simplified | None:
        """Return the best program without what changes its scores little, if it is worth that and was asked for."""
        if self.tolerance is None or self.best is None:
            return None
        from lionsearch.cli.simplifying import make_judges
        from lionsearch.simplify.pipeline import simplify

        print("simplifying the best program on its tasks", file=sys.stderr, flush=True)
        name = f"candidate {self.best.candidate}"
        try:
            judges = make_judges(self.best.program, name, self.config.specs, 16, self.tolerance)
            found = simplify(self.best.program, judges)
        except LionSearchError as error:  # what was found is none the less so
            print(f"note: it is not simplified: {error}", file=sys.stderr, flush=True)
            return None
        return found if found.finished and found.steps else None

    def _find_nearest(self) -> Neighbour | None:
        """Return the known program that one without a name is nearest to, if it is worth knowing."""
        if self.best is None or self.identity is not None or self.verdict is None or not self.verdict.better:
            return None
        from lionsearch.cli.identifying import find_neighbours

        try:
            found = find_neighbours(self.short or self.best.program, None, self.config.specs[0], 1)
        except LionSearchError as error:
            print(f"note: it is not compared with known programs: {error}", file=sys.stderr, flush=True)
            return None
        return found[0] if found else None

    def save(self) -> list[str]:
        """Write `short.py`, the simplified program, if there is one; return what went wrong."""
        return [] if self.short is None else _save(self.folder / "short.py", self.short)

    def describe(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        from lionsearch.cli.identifying import describe_neighbours
        from lionsearch.lang import format_program

        result, best = self.result, self.best
        progress = asdict(result.progress)
        progress.pop("best")
        return {
            "run": str(self.folder),
            "finished": result.finished,
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
            "identity": None
            if self.identity is None
            else {
                "name": self.identity.name,
                "hyperparameters": dict(self.identity.hyperparameters),
                "transforms": list(self.identity.transforms),
                "also": list(self.identity.also),
                "schedule": self.identity.schedule or None,
            },
            "nearest": None if self.nearest is None else describe_neighbours([self.nearest])[0],
        }

    def print(self) -> None:
        """Print it."""
        from lionsearch.cli.display import lost_line
        from lionsearch.cli.progress import progress_line
        from lionsearch.lang import format_program

        result = self.result
        print(f"{'finished' if result.finished else 'interrupted'}: {progress_line(result.progress)}")
        if result.lost:
            print(lost_line(result.lost))
        if not result.caught_up:
            print("that was among stored results; all that is stored is still there")
        elif self.best is None:
            print("no program has a score on fresh seeds yet")
        else:
            print(f"\nbest on fresh seeds: candidate {self.best.candidate}, dead code removed\n")
            print(format_program(self.best.program))
            if not result.finished:
                self._print_confirmed(self.best.confirm)
        if self.best is not None and self.verdict is not None:
            self._print_verdict(self.verdict)
        if self.best is not None and result.finished:
            self._print_identity()
        self._print_next()

    def _print_confirmed(self, evaluation: Evaluation) -> None:
        from lionsearch.cli.display import print_table
        from lionsearch.evaluate.estimate import estimate

        print("on fresh seeds of the validation splits, 95 % intervals; 0 is AdamW, learning rate and decay tuned:")
        print_table(("task", "score"), [(result.task, estimate(result.scores)) for result in evaluation.results])

    def _print_verdict(self, verdict: Verdict) -> None:
        from lionsearch.cli.display import print_table

        seeds = self.config.experiment.evaluation.report_seeds
        print(
            f"on the test splits, {seeds} more fresh seeds, 95 % intervals; 0 is AdamW, learning rate and decay tuned:"
        )
        rows = [
            (each.task, *("failed" if found is None else found for found in (each.start, each.best, each.lead)))
            for each in verdict.tasks
        ]
        print_table(("task", "start's score", "best's score", "best over start"), rows)
        for title, evaluation in (("start", self.result.baseline), ("best", self.result.report)):
            for line in _failures(evaluation):
                print(f"{title} on {line}")
        print(f"verdict: {verdict}")

    def _print_identity(self) -> None:
        from lionsearch.cli.identifying import say_how_near, say_what_it_is
        from lionsearch.cli.simplifying import describe_difference
        from lionsearch.lang import format_program

        if self.short is not None and self.simplified is not None:
            print(f"\nwithout what changes its scores by less than {self.tolerance:.2g}:\n")
            print(format_program(replace(self.short, description="")))
            if self.simplified.unseen is not None:
                print(describe_difference([spec.name for spec in self.config.specs], self.simplified.unseen))
        subject = "it" if self.short is None else "that"
        note = "" if self.identity is None else self._describe_start(self.identity)
        print(f"{subject} {say_what_it_is(self.identity, note)}")
        if self.nearest is not None:
            print(say_how_near(self.nearest, self.config.specs[0].name))

    def _describe_start(self, identity: Identity) -> str:
        """Return words for a program that is a start with the same or other constants, "" for another one."""
        starts = [start for program in self.config.initial() if (start := _identify(program)) is not None]
        if identity in starts:
            return ": the start"
        return ": the start with other constants" if identity.method in {start.method for start in starts} else ""

    def _print_next(self) -> None:
        from lionsearch.cli.display import command_line
        from lionsearch.cli.simplifying import DEFAULT_TOLERANCE

        if not self.folder.is_dir():
            return
        print("\ngo on with:")
        reports = (self.result.report, self.result.baseline)
        if not self.result.finished or any(report is not None and report.lost for report in reports):
            print(f"  {resume_line(self.folder, self._placement)}")
        print(f"  {command_line('inspect', self.folder)}")
        if self.best is None or (self.verdict is not None and not self.verdict.better):
            return
        tasks = [word for entry in self.config.experiment.tasks for word in ("--task", entry.task)]
        saved, short = self.folder / "best.py", self.folder / "short.py"
        programs = (saved,) if self.short is None else (saved, short)
        print(f"  {command_line('evaluate', *programs, 'adamw', 'lion', *tasks)}")
        if self.short is None:
            tolerance = find_tolerance(self.verdict, DEFAULT_TOLERANCE)
            given = () if tolerance in (None, DEFAULT_TOLERANCE) else ("--tolerance", f"{tolerance:.2g}")
            print(f"  {command_line('simplify', saved, *tasks, *given, '--output', short)}")
        print(f"  {command_line('identify', saved if self.short is None else short)}")
        print(f"  {command_line('export', saved if self.short is None else short, '--to', 'optax')}")


def resume_line(folder: Path, placement: Placement) -> str:
    """Return the command that goes on with a run, in the same place."""
    from lionsearch.cli.display import command_line

    return command_line("resume", folder, *placement.options())


def find_tolerance(verdict: Verdict | None, asked: float | None) -> float | None:
    """Return what a simplification may cost: what was asked for, and no more than half of what the best leads by.

    None where none was asked for, or the best leads nowhere.
    """
    if asked is None or verdict is None or not verdict.better:
        return None
    leads = [each.best.mean for each in verdict.tasks if each.best is not None and each.task in verdict.better]
    return min([asked, *(lead / 2 for lead in leads)])


def save_best(folder: Path, result: RunResult) -> list[str]:
    """Write `best.py`, unless a later one is there already; return what went wrong."""
    if result.best is None or ((folder / "best.py").is_file() and not result.caught_up):
        return []
    return _save(folder / "best.py", result.best.program)


def _save(path: Path, program: Program) -> list[str]:
    from lionsearch.lang import format_program

    try:
        path.write_text(format_program(program), encoding="utf-8")
    except OSError as error:
        if not path.parent.is_dir():
            return [f"{path.parent}: the folder was renamed or deleted; {path.name} is not written, only printed"]
        return [f"{path}: cannot be written: {error.strerror}; the program is only printed"]
    return []


def _judge(result: RunResult) -> Verdict | None:
    if result.report is None or result.baseline is None:
        return None
    from lionsearch.runs.verdict import judge

    return judge(result.report, result.baseline)


def _identify(program: Program) -> Identity | None:
    """Return what a program is, by symbols alone, after exact simplification."""
    from lionsearch.evaluate.device import configure_jax

    configure_jax()
    from lionsearch.identify.identity import identify

    return identify(program)


def _failures(evaluation: Evaluation | None) -> list[str]:
    found = [] if evaluation is None else evaluation.results
    return [f"{each.task}: {each.failure.kind}, {each.failure.detail}" for each in found if each.failure is not None]
