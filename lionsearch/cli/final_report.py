"""What a search prints when it ends: the best program, what it is worth, and what it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lionsearch.archive.folder import BEST, COMPARISON, SHORT
from lionsearch.cli.identifying import say_how_near, say_what_it_is
from lionsearch.cli.simplifying import describe_difference
from lionsearch.graph import fingerprint
from lionsearch.lang import format_program
from lionsearch.runs.ending import Ending, find_tolerance
from lionsearch.simplification.tolerance import DEFAULT_TOLERANCE
from lionsearch.terminal.display import command_line, lost_line, print_table
from lionsearch.terminal.progress import progress_line
from lionsearch.workers.choice import Placement

MEANING = "0 is AdamW with its learning rate and weight decay tuned, ± a 95 % confidence interval"
"""What a score says, and what follows it."""

if TYPE_CHECKING:
    from lionsearch.lang import Program
    from lionsearch.records import Evaluation
    from lionsearch.runs.verdict import Verdict


def print_ending(ending: Ending, placement: Placement | None = None) -> None:
    """Print how a run ended.

    Args:
        ending: of the run.
        placement: where evaluations ran, so that the command to go on has them there too.
    """
    result = ending.result
    print(f"{'finished' if result.finished else 'interrupted'}: {progress_line(result.progress)}")
    if result.stopped:
        print(f"it ended early: {result.stopped}")
    if result.lost:
        print(lost_line(result.lost))
    if not result.caught_up:
        print("that was among stored results; all that is stored is still there")
    elif ending.best is None:
        print("no program has a score on fresh seeds yet")
    else:
        island = f" of {result.island}" if result.island else ""
        print(f"\nbest on fresh seeds: candidate {ending.best.candidate}{island}, dead code removed\n")
        print(format_program(ending.best.program))
        if not result.finished:
            _print_confirmed(ending.best.confirm)
    if ending.best is not None and ending.verdict is not None:
        _print_verdict(ending, ending.verdict)
        _print_meta(ending)
    if ending.best is not None and result.finished:
        _print_identity(ending)
    _print_next(ending, placement or Placement())


def _print_confirmed(evaluation: Evaluation) -> None:
    from lionsearch.evaluation.estimate import estimate

    print(f"on validation data, fresh seeds; {MEANING}:")
    print_table(("task", "score"), [(result.task, estimate(result.scores)) for result in evaluation.results])


def _print_verdict(ending: Ending, verdict: Verdict) -> None:
    seeds = ending.config.experiment.evaluation.report_seeds
    print(f"on test data, {seeds} held-out seeds; {MEANING}:")
    rows = [
        (each.task, *("failed" if found is None else found for found in (each.start, each.best, each.lead)))
        for each in verdict.tasks
    ]
    print_table(("task", "start's score", "best's score", "best over start"), rows)
    for title, evaluation in (("start", ending.result.baseline), ("best", ending.result.report)):
        for line in _failures(evaluation):
            print(f"{title} on {line}")
    print(f"verdict: {verdict}")


def _print_meta(ending: Ending) -> None:
    """Print whether the search overfits its tasks, where it was asked to watch."""
    from lionsearch.runs.meta_validation import meta_curve
    from lionsearch.runs.view import Run

    if ending.config.experiment.meta_validation is None or not ending.folder.is_dir():
        return
    curve = meta_curve(Run(ending.folder / (ending.result.island or "")))
    if curve is not None:
        print(f"meta-validation: {curve}")


def _print_identity(ending: Ending) -> None:
    if ending.best is not None and ending.short is not None and ending.simplified is not None:
        print(f"\n{describe_short(ending.best.program, ending.short, ending.tolerance or 0.0)}:\n")
        print(format_program(replace(ending.short, description="")))
        if ending.simplified.unseen is not None and not _is_same(ending.best.program, ending.short):
            print(describe_difference([spec.name for spec in ending.config.specs], ending.simplified.unseen))
    subject = "it" if ending.short is None else "that"
    print(f"{subject} {say_what_it_is(ending.identity, ending.describe_start())}")
    if ending.nearest is not None:
        print(say_how_near(ending.nearest, ending.config.specs[0].name))


def describe_short(best: Program, short: Program, tolerance: float) -> str:
    """Return what a simplified program is to the best one.

    Args:
        best: as it was found.
        short: what simplifying made of it, as long if only numbers have changed.
        tolerance: what its scores may differ by.
    """
    within = f"by less than {tolerance:.2g}"
    if _is_same(best, short):
        named = " with names for its constants" if len(short.hyperparameters) > len(best.hyperparameters) else ""
        return f"the same{named}; nothing more was found that changes its scores on validation data {within}"
    if len(short.statements) < len(best.statements):
        return f"without what changes its scores on validation data {within}"
    return f"the same with rounder numbers, which change its scores on validation data {within}"


def _is_same(best: Program, short: Program) -> bool:
    return fingerprint(short) == fingerprint(best)


def _print_next(ending: Ending, placement: Placement) -> None:
    folder, result = ending.folder, ending.result
    if not folder.is_dir():
        return
    print("\ngo on with:")
    reports = (result.report, result.baseline)
    if not result.finished or any(report is not None and report.lost for report in reports):
        print(f"  {command_line('resume', folder, *placement.options())}")
    print(f"  {command_line('inspect', folder)}")
    print(f"  {command_line('report', folder)}")
    if ending.best is None or (ending.verdict is not None and not ending.verdict.better):
        return
    tasks = [word for entry in ending.config.experiment.tasks for word in ("--task", entry.task)]
    programs = (folder / BEST,) if ending.short is None else (folder / BEST, folder / SHORT)
    print(f"  {command_line('evaluate', *programs, 'adamw', *tasks)}")
    print(f"  {command_line('compare', programs[-1], 'lion', *tasks, '--output', folder / COMPARISON)}")
    print(f"  {command_line('funnel', folder / (result.island or ''))}")
    if ending.short is None:
        tolerance = find_tolerance(ending.verdict, DEFAULT_TOLERANCE)
        given = () if tolerance in (None, DEFAULT_TOLERANCE) else ("--tolerance", f"{tolerance:.2g}")
        print(f"  {command_line('simplify', folder / BEST, *tasks, *given, '--output', folder / SHORT)}")
    print(f"  {command_line('identify', programs[-1])}")
    print(f"  {command_line('export', programs[-1], '--to', 'optax')}")


def _failures(evaluation: Evaluation | None) -> list[str]:
    found = [] if evaluation is None else evaluation.results
    return [f"{each.task}: {each.failure.kind}, {each.failure.detail}" for each in found if each.failure is not None]
