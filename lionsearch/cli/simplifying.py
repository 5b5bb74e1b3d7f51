"""The command that makes a program shorter: simplify."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.errors import SettingError, counted
from lionsearch.limits import MOST_SEEDS
from lionsearch.simplification.tolerance import DEFAULT_TOLERANCE

if TYPE_CHECKING:
    from lionsearch.lang import Program
    from lionsearch.simplification.paired import Difference
    from lionsearch.simplification.pipeline import Simplified
    from lionsearch.simplification.steps import Step

Target = Annotated[str, typer.Argument(metavar="PROGRAM", help="Name, file, composition, or RUN:ID.")]


def simplify(
    program: Target,
    task: Annotated[
        list[str] | None, typer.Option("--task", help="A proxy task to train on; repeat for several.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="How much a score may change; 1 is what tuned AdamW gains.")
    ] = DEFAULT_TOLERANCE,
    seeds: Annotated[int, typer.Option(min=2, max=MOST_SEEDS, help="Paired trainings on each task.")] = 8,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file for the result.")] = None,
    json_output: Json = False,
) -> None:
    """Make a program shorter: exactly, and with --task also by what hardly changes its scores."""
    from lionsearch.api.program_api import load_tasks, trace

    given, provenance = trace(program)
    _check_output(output)
    specs = load_tasks(task or [])
    from lionsearch.evaluation.device import configure_jax

    configure_jax()
    from lionsearch.simplification.pipeline import make_judges
    from lionsearch.simplification.pipeline import simplify as run
    from lionsearch.terminal.bar import show_bar

    with show_bar("simplifying"):
        judges = make_judges(given, provenance.name, specs, seeds, tolerance) if specs else None
        if judges:
            names = ", ".join(runner.spec.name for runner in judges.choosing.runners)
            print(f"training with each shorter variant on {names}; this takes minutes", file=sys.stderr)
        found = run(given, judges, (lambda step: None) if json_output else _print_step)
    description = f"{provenance.name}, simplified from {len(given.statements)} statements."
    result = replace(found.program, description=description)
    names = [runner.spec.name for runner in judges.choosing.runners] if judges else []
    if output is not None:
        _write(output, result)
    if json_output:
        print_json(_describe(found, result, names))
    else:
        _print_result(given, found, names, tolerance, output)
    if not found.finished:
        raise typer.Exit(130)


def _check_output(path: Path | None) -> None:
    """Raise, before minutes of work, if the result could not be written or not be read again."""
    if path is None:
        return
    if path.suffix != ".py":
        raise SettingError(f"{path}: expected the name of a file that ends in .py")
    try:
        if path.is_dir() or not path.parent.is_dir():
            wrong = path if path.is_dir() else path.parent
            raise SettingError(f"{path}: cannot be written: {wrong} is {'a' if path.is_dir() else 'no'} folder")
    except OSError as error:
        raise SettingError(f"{path}: cannot be written: {error.strerror}") from None
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise SettingError(f"{path}: cannot be written: Permission denied")


def _write(path: Path, program: Program) -> None:
    from lionsearch.lang import format_program

    try:
        path.write_text(format_program(program), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingError(f"{path}: cannot be written: {error.strerror}") from None


def _print_step(step: Step) -> None:
    from lionsearch.terminal.display import format_score

    left = f"{counted(step.statements, 'statement')}, {counted(step.slots, 'slot')}"
    scores = ""
    if step.after is not None:
        scores = f"; score {format_score(step.before)} to {format_score(step.after)} ±{step.interval or 0.0:.4f}"
    print(f"{step.stage}: {left}{scores}", flush=True)
    print(textwrap.fill(step.change, 110, initial_indent="    ", subsequent_indent="    "), flush=True)


def _print_result(given: Program, found: Simplified, tasks: list[str], tolerance: float, output: Path | None) -> None:
    from lionsearch.lang import format_program
    from lionsearch.terminal.display import command_line

    program = found.program
    size = f"{counted(len(given.statements), 'statement')} and {counted(len(given.slots), 'slot')}"
    if found.steps:
        print(f"\n{size} became {len(program.statements)} and {len(program.slots)}")
    else:
        print(f"nothing to simplify: {size}")
    if not found.finished:
        print("interrupted before it was checked on held-out seeds; what was reached:")
    if found.unseen is not None:
        print(f"{describe_difference(tasks, found.unseen)} (allowed: {tolerance:g})")
    print(f"\n{format_program(replace(program, description=''))}")
    where = output if output is not None else "FILE"
    how = "" if output is not None else " (after --output FILE)"
    print(f"go on with{how}:\n  {command_line('identify', where)}\n  {command_line('export', where, '--to', 'optax')}")


def describe_difference(tasks: Sequence[str], unseen: Difference) -> str:
    """Return a line that says what a simplification changed on held-out seeds, task by task."""
    rows = zip(tasks, unseen.means, unseen.intervals, strict=True)
    shown = ", ".join(f"{task} {value:+.4f} ±{width:.4f}" for task, value, width in rows)
    return f"on test data and held-out seeds its score differs (± 95 % confidence) by: {shown}"


def _describe(found: Simplified, result: Program, tasks: list[str]) -> dict[str, Any]:
    from lionsearch.lang import format_program

    unseen = None
    if found.unseen is not None:
        rows = zip(tasks, found.unseen.means, found.unseen.intervals, strict=True)
        unseen = {task: {"difference": value, "interval": width} for task, value, width in rows}
    return {
        "program": format_program(result),
        "statements": len(result.statements),
        "slots": len(result.slots),
        "steps": [asdict(step) for step in found.steps],
        "unseen": unseen,
        "finished": found.finished,
    }
