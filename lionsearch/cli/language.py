"""Commands about programs and the names that there are; none of them needs JAX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lionsearch.analysis import check_program, find_live, fingerprint
from lionsearch.catalog import EXPERIMENTS, PROGRAMS, TASKS, read_text
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
    rows = []
    for name in PROGRAMS.names():
        path = PROGRAMS.find(name)
        program = check_program(read_text(path), str(path))
        rows.append({**describe_program(name, program), "description": _first_line(program.description)})
    _print_rows(rows, ("name", "live_statements", "slots", "description"), json_output)


def tasks(json_output: Json = False) -> None:
    """List the proxy tasks that there are."""
    from lionsearch.tasks.spec import load_task

    rows = []
    for name in TASKS.names():
        spec = load_task(name)
        rows.append(
            {
                "name": name,
                "steps": spec.steps,
                "batch": spec.batch,
                "learning_rate": spec.learning_rate,
                "weight_decay": spec.weight_decay,
                "description": spec.description,
            }
        )
    _print_rows(rows, ("name", "steps", "batch", "learning_rate", "weight_decay", "description"), json_output)


def experiments(json_output: Json = False) -> None:
    """List the experiments that there are."""
    from lionsearch.config import load_experiment

    rows = []
    for name in EXPERIMENTS.names():
        experiment = load_experiment(name).experiment
        rows.append(
            {
                "name": name,
                "programs": experiment.programs,
                "algorithm": experiment.search.algorithm,
                "tasks": ", ".join(Path(entry.task).stem for entry in experiment.tasks),
                "description": experiment.description,
            }
        )
    _print_rows(rows, ("name", "programs", "algorithm", "tasks", "description"), json_output)


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


def _print_rows(rows: list[dict[str, Any]], columns: tuple[str, ...], json_output: bool) -> None:
    if json_output:
        print(json.dumps(rows, indent=1))
        return
    from lionsearch.cli.display import print_table

    print_table(columns, [[row[column] for column in columns] for row in rows])
