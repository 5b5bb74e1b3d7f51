"""Commands about programs and the names that there are; none of them needs JAX."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from lionsearch.analysis import check_program, find_live, fingerprint
from lionsearch.catalog import EXPERIMENTS, PROGRAMS, TASKS, Shelf, read_text
from lionsearch.errors import LionSearchError
from lionsearch.lang import Program

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Program files, or names of programs.")],
    json_output: Json = False,
) -> None:
    """Check programs and show what is live in them."""
    paths = [PROGRAMS.find(file) for file in files]
    rows = [describe_program(path.stem, check_program(read_text(path), str(path))) for path in paths]
    if json_output:
        print(json.dumps(rows, indent=1))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(
            f"{row['name']:{width}}  ok  {row['live_statements']:2} of {row['statements']:2} statements live,"
            f" {row['slots']} slots, {row['fingerprint']}"
        )


def programs(json_output: Json = False) -> None:
    """List the programs that there are."""

    def describe(name: str) -> dict[str, Any]:
        path = PROGRAMS.find(name)
        program = check_program(read_text(path), str(path))
        return {**describe_program(name, program), "description": _first_line(program.description)}

    _print_shelf(PROGRAMS, describe, ("name", "live_statements", "slots", "description"), json_output)


def tasks(json_output: Json = False) -> None:
    """List the proxy tasks that there are."""
    from lionsearch.tasks.spec import load_task

    def describe(name: str) -> dict[str, Any]:
        return {"name": name, **load_task(name).model_dump()}

    columns = ("name", "steps", "batch", "learning_rate", "weight_decay", "description")
    _print_shelf(TASKS, describe, columns, json_output)


def experiments(json_output: Json = False) -> None:
    """List the experiments that there are."""
    from lionsearch.config import load_experiment

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


def describe_program(name: str, program: Program) -> dict[str, Any]:
    """Return what `check --json` says of a program."""
    live = find_live(program)
    return {
        "name": name,
        "statements": len(program.statements),
        "live_statements": len(live.statements),
        "slots": len(live.slots),
        "inputs": [name for name in program.inputs if name in live.reads],
        "fingerprint": fingerprint(program),
    }


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")


def _print_shelf(
    shelf: Shelf, describe: Callable[[str], dict[str, Any]], columns: tuple[str, ...], json_output: bool
) -> None:
    """Print a row for each name; a file that cannot be used is a row that says why."""
    rows: list[dict[str, Any]] = []
    for name in shelf.names():
        try:
            rows.append(describe(name))
        except LionSearchError as error:
            rows.append({"name": name, "error": _first_line(str(error))})
    if json_output:
        print(json.dumps(rows, indent=1))
        return
    from lionsearch.cli.display import print_table

    good = [row for row in rows if "error" not in row]
    print_table(columns, [[_plain(row[column]) for column in columns] for row in good])
    for row in rows:
        if "error" in row:
            print(f"error: {row['error']}", file=sys.stderr)


def _plain(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
