"""The reference pages, from the code that they describe: nothing in them can be forgotten or out of date."""

from __future__ import annotations

import re
from typing import Any

import typer
from pydantic import BaseModel

import lionsearch
from lionsearch.catalog import TASKS
from lionsearch.catalog.guide import Setting, describe_settings, toml_text
from lionsearch.cli import app
from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS
from lionsearch.lang.inputs import INPUTS
from lionsearch.runs.config import Experiment
from lionsearch.tasks.listing import COLUMNS, STAGES, describe_task, stage_order, task_cells
from lionsearch.tasks.spec import TaskSpec, load_task

_GIVEN = {"name"}
"""Settings that a file does not hold: a task is called as its file is."""
_STAGES = {
    "proxy": "To search on: a hundredth of a second to half a second for a training.",
    "middle": "To choose by: about a second, ten times a proxy.",
    "target": "To believe: most of a minute.",
    "accelerator": "What one would train on a GPU or TPU. Their rates are not tuned, and on a CPU they are only begun.",
}
_GROUPS = {
    "paper": "The 45 of the paper",
    "extended": "What known optimizers need besides",
    "matrix": "Matrices",
}


def python() -> str:
    """Return every public name of the package, each with what its docstring says."""
    names = sorted(lionsearch.__all__, key=str.lower)
    return "\n\n".join(f"::: lionsearch.{name}" for name in names)


def commands() -> str:
    """Return what `--help` prints, for each command."""
    group = typer.main.get_command(app)
    parts = []
    for name, command in sorted(group.commands.items()):  # pyright: ignore[reportAttributeAccessIssue]
        context = typer.Context(command, info_name=f"lionsearch {name}", terminal_width=100, max_content_width=100)
        parts.append(f"### {name}\n\n```text\n{command.get_help(context)}\n```")
    return "\n\n".join(parts)


def experiment_settings() -> str:
    """Return the tables of an experiment's settings."""
    return _tables(Experiment, "")


def task_settings() -> str:
    """Return the table of a task's settings."""
    return _tables(TaskSpec, "")


def tasks() -> str:
    """Return the table of tasks of each stage."""
    rows = sorted((describe_task(load_task(str(path))) for path in TASKS.shipped.glob("*.toml")), key=stage_order)
    parts = []
    for stage in STAGES:
        cells = [task_cells(row) for row in rows if row["stage"] == stage]
        lines = [
            f"| `{name}` | {_cell(str(what))} | "
            + " | ".join(
                "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value) for value in more
            )
            + " |"
            for name, _, *more, what in cells
        ]
        head = ["task", "what it is", *COLUMNS[2:-1]]
        ruled = f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n"
        parts.append(f"### {stage.capitalize()}\n\n{_STAGES[stage]}\n\n{ruled}" + "\n".join(lines))
    return "\n\n".join(parts)


def _tables(model: type[BaseModel], key: str) -> str:
    """Return the table of a settings object, and those of the objects in it."""
    rows, inner = [], []
    for found in describe_settings(model):
        if found.name in _GIVEN:
            continue
        if found.table is not None:
            inner.append((found.table, f"{key}.{found.name}" if key else found.name))
        kind = "see below" if found.table else re.sub(r'("\w+")', r"`\1`", found.kind)
        bounds = found.bounds.replace("module:function", "`module:function`")
        row = (f"`{found.name}`", kind, _default(found), bounds, found.meaning)
        rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |")
    head = "| setting | type | default | bounds | meaning |\n|---|---|---|---|---|\n"
    title = f"### `[{key}]`\n\n" if key else "### At the top of the file\n\n"
    if key == "tasks":
        title = "### `[[tasks]]`\n\n"
    return "\n\n".join([title + head + "\n".join(rows), *(_tables(*each) for each in inner)])


def _default(setting: Setting) -> str:
    """Return a default; most operations are not written out."""
    if setting.default in ("", "required", "absent"):
        return setting.default
    return "the paper's 45" if setting.default == toml_text(PAPER_OPERATIONS) else f"`{setting.default}`"


def operations() -> str:
    """Return the tables of operations."""
    parts = []
    for group, title in _GROUPS.items():
        rows = [row for row in OPERATIONS.values() if row.group == group]
        lines = [
            f"| `{row.symbol or row.name}` | {_name(row)} | {row.arity} | {_cell(row.description)} |" for row in rows
        ]
        head = "| written | name | arguments | meaning |\n|---|---|---|---|\n"
        parts.append(f"### {title}\n\n{head}" + "\n".join(lines))
    return "\n\n".join(parts)


def _name(row: Any) -> str:
    return ", ".join(f"`{name}`" for name in (row.name, *row.aliases)) if row.symbol or row.aliases else ""


def inputs() -> str:
    """Return the table of what a program may read."""
    lines = [
        f"| `{name}` | {row.kind.name.lower().replace('_', ' ')} | {_cell(row.description)} |"
        for name, row in INPUTS.items()
    ]
    return "| name | kind | meaning |\n|---|---|---|\n" + "\n".join(lines)


def _cell(text: str) -> str:
    """Return a line of mathematics as a cell: neither its bars nor its stars mean anything to Markdown."""
    return re.sub(r"([|*_<>`\[\]])", r"\\\1", text)
