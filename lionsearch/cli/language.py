"""Commands about programs and the names that there are; none of them needs JAX."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from lionsearch.api.program_api import describe_program
from lionsearch.api.program_api import show as show_program
from lionsearch.archive.targets import Provenance, load_target
from lionsearch.catalog import EXPERIMENTS, PROGRAMS, TASKS, Shelf, load_program, read_text
from lionsearch.cli.checking import check_run, is_run, list_parts, print_run_check
from lionsearch.cli.json_output import print_json
from lionsearch.compose import TRANSFORMS, is_expression
from lionsearch.errors import LionSearchError, SettingError, counted, shorten
from lionsearch.lang import Program, format_program
from lionsearch.lang.summary import summarize

_FIRST_SOURCE = re.compile(r"[^;(]*?\d{4}")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Program files, names, RUN:ID, or run folders.")],
    save: Annotated[
        Path | None, typer.Option("--save", help="A new folder for what is sound of a damaged run.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Check programs and show their live statements, or check whether runs are sound; each fault has its message."""
    if save is not None and not (len(files) == 1 and is_run(files[0])):
        raise SettingError(f"--save {save}: expected one run folder to save from, and no program")
    rows: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    errors: list[str] = []
    for file in [each for given in files for each in list_parts(given)]:
        try:
            if is_run(file):
                runs.append(check_run(Path(file), save))
                continue
            program, provenance = load_target(file)
            rows.append(asdict(describe_program(provenance.name, program)))
        except LionSearchError as error:
            errors.append(shorten(str(error), 4_000))
            rows.append({"name": file, "error": _first_line(str(error))})
    good = [row for row in rows if "error" not in row]
    if json_output:
        print_json([*rows, *runs])
    width = max((len(row["name"]) for row in good), default=0)
    for row in [] if json_output else good:
        print(
            f"{row['name']:{width}}  ok  {row['live_statements']:2} of {row['statements']:2} statements live,"
            f" {counted(row['slots'], 'slot')}, {row['fingerprint']}"
        )
    for run in [] if json_output else runs:
        print_run_check(run)
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    if errors or not all(run["is_sound"] for run in runs):
        raise typer.Exit(2)


def programs(json_output: Json = False) -> None:
    """List all programs: the known optimizers, and those of the working folder."""

    def describe(name: str) -> dict[str, Any]:
        program = load_program(name)
        row = {**asdict(describe_program(name, program)), **asdict(summarize(program))}
        origin = _FIRST_SOURCE.match(row["source"])
        shown = {"from": origin.group() if origin else row["source"]}
        return {**row, **shown, "hyperparameters": dict(program.hyperparameters)}

    columns = ("name", "year", "group", "statements", "state", "needs", "from")
    _print_shelf(PROGRAMS, describe, columns, json_output)


def rivals(json_output: Json = False) -> None:
    """List lionsearch's own rivals, which are no programs: `evaluate rival:NAME`."""
    from lionsearch.rivals.shelf import ROWS

    rows = [
        {"name": f"rival:{name}", "description": row.description, "source": row.source} for name, row in ROWS.items()
    ]
    if json_output:
        print_json(rows)
        return
    from lionsearch.terminal.display import print_table

    print_table(("name", "description", "source"), [tuple(row.values()) for row in rows])


def transforms(json_output: Json = False) -> None:
    """List the transforms that wrap a program, such as lookahead(adamw, k=5)."""
    rows = [
        {
            "name": row.name,
            "programs": row.programs,
            "settings": row.settings,
            "description": row.description,
            "source": row.source,
        }
        for row in TRANSFORMS.values()
    ]
    if json_output:
        print_json(rows)
        return
    from lionsearch.terminal.display import print_table

    shown = [
        (row["name"], ", ".join(f"{k}={v:g}" for k, v in row["settings"].items()), row["description"]) for row in rows
    ]
    print_table(("name", "settings", "description"), shown)


def show(
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="Name, file, composition, or RUN:ID.")],
    json_output: Json = False,
) -> None:
    """Print a program with its equations, its source and what it needs; of a transform, the program with a gap."""
    if program in TRANSFORMS:
        _show_transform(program, json_output)
        return
    loaded, provenance = load_target(program)
    name, found = provenance.name, summarize(loaded)
    if json_output:
        text = format_program(replace(loaded, description=""))
        content = {
            **asdict(describe_program(name, loaded)),
            **asdict(found),
            "hyperparameters": dict(loaded.hyperparameters),
        }
        print_json({**content, "program": text})
        return
    print(f"{name}\n" if found.title in ("", name) else f"{name}: {found.title}\n")
    for line in found.equations:
        print(f"    {line}")
    parts = ("\n" if found.equations else "", found.notes + "\n\n" if found.notes else "")
    print("".join(parts), end="")
    for label, value in (
        ("from", _origin_text(provenance)),
        ("source", found.source),
        ("group", found.group),
        ("state", _state_text(found.state)),
        ("needs", ", ".join(found.needs)),
    ):
        if value:
            print(f"{label}: {value}")
    print(f"\n{_source_text(provenance, loaded)}", end="")


def _show_transform(name: str, json_output: bool) -> None:
    shown, row = show_program(name), TRANSFORMS[name]
    if json_output:
        content = {"description": row.description, "source": row.source, "settings": row.settings}
        print_json({"name": name, "transform": True, **content, "program": shown.text})
    else:
        print(shown, end="")


class StageName(StrEnum):
    """What a training on a task costs."""

    PROXY = "proxy"
    MIDDLE = "middle"
    TARGET = "target"
    ACCELERATOR = "accelerator"


def tasks(
    stage: Annotated[list[StageName] | None, typer.Option("--stage", help="Only these; repeat for several.")] = None,
    json_output: Json = False,
) -> None:
    """List all tasks by stage: what they are, their cost on a core, the test losses of tuned AdamW and tuned Lion.

    Intervals are of 95 %; the score is Lion's, 0 is AdamW.
    """
    from lionsearch.tasks.listing import COLUMNS, describe_task, stage_order, task_cells
    from lionsearch.tasks.spec import load_task

    found, errors = _describe_shelf(TASKS, lambda name: describe_task(load_task(name)))
    rows = [row for row in sorted(found, key=stage_order) if not stage or row["stage"] in stage]
    if json_output:
        print_json([*rows, *errors])
        return
    from lionsearch.terminal.display import print_table

    print_table(COLUMNS, [task_cells(row) for row in rows])
    _print_errors(errors)


def experiments(json_output: Json = False) -> None:
    """List all experiments."""
    from lionsearch.runs.config import load_experiment

    def describe(name: str) -> dict[str, Any]:
        experiment = load_experiment(name).experiment
        return {
            "name": name,
            "programs": experiment.programs,
            "algorithm": experiment.search.algorithm,
            "tasks": [Path(entry.task).stem for entry in experiment.tasks],
            "description": experiment.description,
        }

    _print_shelf(EXPERIMENTS, describe, ("name", "programs", "algorithm", "tasks", "description"), json_output)


def _origin_text(provenance: Provenance) -> str:
    """Return which run a candidate is of, and its score there."""
    if provenance.run is None:
        return ""
    score = "no score" if provenance.score is None else f"score {provenance.score:+.4f}"
    return f"{provenance.run}, {score} in the search"


def _source_text(provenance: Provenance, program: Program) -> str:
    """Return the function as its file has it, or as it prints where there is no file."""
    if provenance.run is None and not is_expression(provenance.text):
        source = read_text(PROGRAMS.find(provenance.text))
        if start := re.search(r"^def\s+train", source, re.MULTILINE):
            return source[start.start() :]
    return format_program(replace(program, description=""))


def _state_text(state: str) -> str:
    """Return the state as `show` prints it: only tensors are kept for each parameter."""
    first, *rest = state.split(", ")
    return ", ".join([f"{first} (for each parameter)" if first.isdigit() and first != "0" else first, *rest])


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")


def _print_shelf(
    shelf: Shelf, describe: Callable[[str], dict[str, Any]], columns: tuple[str, ...], json_output: bool
) -> None:
    """Print a row for each name; a file that cannot be used is a row that says why."""
    rows, errors = _describe_shelf(shelf, describe)
    if json_output:
        print_json(sorted([*rows, *errors], key=lambda row: row["name"]))
        return
    from lionsearch.terminal.display import print_table

    print_table(columns, [[_plain(row[column]) for column in columns] for row in rows])
    _print_errors(errors)


def _describe_shelf(
    shelf: Shelf, describe: Callable[[str], dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a row for each name, and one that says why for each file that cannot be used."""
    rows: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for name in shelf.names():
        try:
            rows.append(describe(name))
        except LionSearchError as error:
            errors.append({"name": name, "error": _first_line(str(error))})
    return rows, errors


def _print_errors(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        print(f"error: {row['error']}", file=sys.stderr)


def _plain(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list | tuple) else value
