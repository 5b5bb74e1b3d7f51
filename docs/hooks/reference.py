"""The reference pages, from the code that they describe: nothing in them can be forgotten or out of date."""

from __future__ import annotations

import inspect
import re
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import lionsearch
from lionsearch.cli import app
from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS
from lionsearch.lang.inputs import INPUTS
from lionsearch.runs.config import Experiment
from lionsearch.tasks.spec import TaskSpec

_TYPES = {int: "whole number", float: "number", bool: "true or false", str: "text"}
_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
_TELLING = 2**62
"""A bound beyond this is said in words alone."""
_GIVEN = {"name"}
"""Settings that a file does not hold: a task is called as its file is."""
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
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


def _tables(model: type[BaseModel], key: str) -> str:
    """Return the table of a settings object, and those of the objects in it."""
    meanings, rows, inner = meanings_of(model), [], []
    for name, field in model.model_fields.items():
        if name in _GIVEN:
            continue
        found = _model_in(field.annotation)
        if found is not None:
            inner.append((found, f"{key}.{name}" if key else name))
        kind = "see below" if found else type_text(field.annotation)
        row = (f"`{name}`", kind, default_text(field), bounds_text(field), meanings[name])
        rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |")
    head = "| setting | type | default | bounds | meaning |\n|---|---|---|---|---|\n"
    title = f"### `[{key}]`\n\n" if key else "### At the top of the file\n\n"
    if key == "tasks":
        title = "### `[[tasks]]`\n\n"
    return "\n\n".join([title + head + "\n".join(rows), *(_tables(*each) for each in inner)])


def meanings_of(model: type[BaseModel]) -> dict[str, str]:
    """Return what the docstring's Attributes say of each field.

    Raises:
        KeyError: of a field that they do not say anything of.
    """
    _, _, attributes = inspect.cleandoc(model.__doc__ or "").partition("Attributes:\n")
    found = {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(attributes)}
    if missing := [name for name in model.model_fields if name not in found]:
        raise KeyError(f"{model.__name__}: the docstring says nothing of {', '.join(missing)}")
    return found


def type_text(annotation: Any) -> str:
    """Return a type in plain words.

    Example:
        >>> type_text(tuple[str, ...]), type_text(int | None), type_text(Literal["a", "b"])
        ('list of text', 'whole number', '`"a"` or `"b"`')
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in arguments)
    if origin is UnionType:
        return " or ".join(type_text(each) for each in arguments if each is not NoneType)
    if origin is tuple:
        return f"list of {type_text(arguments[0])}"
    return "table" if origin is dict else _TYPES[annotation]


def default_text(field: Any) -> str:
    """Return a setting's default as TOML has it; most operations are not written out."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "absent"
    if isinstance(value, BaseModel):
        return ""
    if value == PAPER_OPERATIONS:
        return "the paper's 45"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    if isinstance(value, dict):
        return "`{}`"
    return f"`{str(value).lower() if isinstance(value, bool) else repr(value).replace(chr(39), chr(34))}`"


def bounds_text(field: Any) -> str:
    """Return what a value has to keep to, and why there is an upper bound."""
    found = [
        f"{words} {value:,}" if isinstance(value, int) else f"{words} {value:g}"
        for item in field.metadata
        for name, words in _BOUNDS.items()
        if (value := getattr(item, name, None)) is not None and abs(value) < _TELLING
    ]
    if any(getattr(item, "pattern", None) for item in field.metadata):
        found.append("`module:function`")
    if any(getattr(item, "min_length", None) for item in field.metadata):
        found.append("not empty")
    because = (field.json_schema_extra or {}).get("because", "")
    return ": ".join(filter(None, (", ".join(found), because)))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for argument in get_args(annotation) if (model := _model_in(argument))), None)


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
