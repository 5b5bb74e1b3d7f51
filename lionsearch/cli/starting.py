"""Commands for who starts: what an experiment's settings are, and files that run, to begin from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lionsearch.catalog import EXPERIMENTS, TASKS
from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.errors import SettingError, quote

if TYPE_CHECKING:
    from pydantic import BaseModel

_WIDTH = 110


class Thing(StrEnum):
    """What can be begun."""

    TASK = "task"
    EXPERIMENT = "experiment"


def config(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Name or file of an experiment.")],
    json_output: Json = False,
) -> None:
    """Print every setting of an experiment with its value, its default and what it does; it is a TOML file itself."""
    from lionsearch.runs.config import Experiment, load_experiment

    resolved = load_experiment(experiment).experiment
    if json_output:
        print_json(resolved.model_dump())
        return
    print("\n".join(_write_table(resolved, Experiment, "")))


def _write_table(values: BaseModel, model: type[BaseModel], key: str) -> Iterator[str]:
    """Yield the lines of a table: first its settings, then the tables in it."""
    from lionsearch.catalog.guide import describe_settings, toml_text

    tables = []
    if key:
        yield f"\n[{'[tasks]' if key == 'tasks' else key}]"
    for setting in describe_settings(model):
        value = getattr(values, setting.name)
        if setting.table is not None:
            tables.append((value, setting.table, f"{key}.{setting.name}" if key else setting.name))
            continue
        given = toml_text(value)
        default = "" if setting.default in (given, "required") else f"  # default: {_shorten(setting.default)}"
        yield textwrap.fill(setting.meaning, _WIDTH, initial_indent="# ", subsequent_indent="# ")
        yield f"{setting.name} = {given}{default}" if value is not None else f"# {setting.name} = (absent)"
    for value, table, name in tables:
        for each in value if isinstance(value, tuple) else (value,):
            yield from _write_absent(table, name) if each is None else _write_table(each, table, name)


def _write_absent(model: type[BaseModel], key: str) -> Iterator[str]:
    """Yield the lines of a table that is not there, as comments."""
    from lionsearch.catalog.guide import describe_settings

    yield f"\n# [{key}]  # absent"
    for setting in describe_settings(model):
        yield textwrap.fill(setting.meaning, _WIDTH, initial_indent="#   # ", subsequent_indent="#   # ")
        yield f"#   {setting.name} = ({setting.default})"


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:56]} ..."


def new(
    what: Annotated[Thing, typer.Argument(metavar="task|experiment", help="What to begin.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of letters, digits and underscores.")],
    task: Annotated[str, typer.Option("--task", help="Of an experiment: the task that it trains on.")] = "digits_mlp",
    json_output: Json = False,
) -> None:
    """Write a commented file, in the working folder, that runs as it is."""
    if not name.isidentifier() or not name.isascii():
        raise SettingError(f"{quote(name)} is no name; expected letters, digits and underscores, no digit first")
    files = _task_files(name) if what is Thing.TASK else _experiment_files(name, task)
    shelf = TASKS if what is Thing.TASK else EXPERIMENTS
    if name in shelf.names() and not any(path.exists() for path in files):
        raise SettingError(f"{name!r} is the name of {'a task' if what is Thing.TASK else 'an experiment'} already")
    for path in files:
        if path.exists():
            raise SettingError(f"{path}: is there already; nothing is written")
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise SettingError(f"{path}: cannot be written: {error.strerror}") from None
    following = _following(what, name)
    if json_output:
        print_json({"files": [str(path) for path in files], "next": following})
        return
    for path in files:
        print(f"wrote {path}")
    print("\ngo on with:")
    for line in following:
        print(f"  {line}")


def _following(what: Thing, name: str) -> list[str]:
    from lionsearch.terminal.display import command_line  # brings rich

    if what is Thing.EXPERIMENT:
        return [command_line("config", name), command_line("search", name)]
    return [
        command_line("tune", "adamw", "--task", name),
        command_line("evaluate", "adamw", "lion", "--task", name),
        command_line("new", "experiment", f"{name}_search", "--task", name),
    ]


def _task_files(name: str) -> dict[Path, str]:
    return {
        Path("proxy_tasks") / f"{name}.toml": _TASK.format(name=name),
        Path(f"{name}_task.py"): _MODULE.format(name=name),
    }


def _experiment_files(name: str, task: str) -> dict[Path, str]:
    from lionsearch.catalog.guide import toml_text

    TASKS.find(task)
    return {Path("experiments") / f"{name}.toml": _EXPERIMENT.format(task=toml_text(task))}


_TASK = """# The proxy task {name}; its name is the file's.
description = "a small network that fits a sine"  # shown by: lionsearch tasks
factory = "{name}_task:make"  # module:function, here {name}_task.py in the working folder
steps = 200                   # of training
batch = 32                    # examples in a step
warmup = 20                   # steps in which the learning rate rises; a cosine takes it to 0 after them

# A score of 0 is AdamW with these two: put in what `lionsearch tune adamw --task {name}` prints.
learning_rate = 0.016
weight_decay = 0.3

[options]  # keyword arguments of make
examples = 256
"""

_MODULE = '''"""The model and the data of the proxy task {name}."""

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.tasks import Problem


def make(examples: int = 256) -> Problem:
    """Return the problem; the arguments are the task's options."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3 * examples, 8)).astype(np.float32)
    y = np.sin(x @ np.full(8, 0.4, np.float32)) + 0.1 * rng.normal(size=3 * examples).astype(np.float32)
    train, validation, test = ((x[i::3], y[i::3]) for i in range(3))  # a search chooses by validation, never by test

    def init(key):  # the weights before training: any tree of float32 arrays
        a, b = jax.random.split(key)
        return {{"hidden": jax.random.normal(a, (8, 32)) / 3, "out": jax.random.normal(b, (32,)) / 6}}

    def loss(params, batch):  # a scalar; a batch is a part of `train`
        inputs, targets = batch
        return jnp.mean((jnp.tanh(inputs @ params["hidden"]) @ params["out"] - targets) ** 2)

    return Problem(init, loss, train, validation, test)
'''

_EXPERIMENT = """description = "from AdamW"
programs = 2000      # to generate
seed = 0             # the whole run follows from it
initial = ["adamw"]  # names or files of programs, compositions, RUN:ID, or RUN:elites

[[tasks]]            # several are tried in order, cheap ones first
task = {task}

[search]             # what is not said here: lionsearch config EXPERIMENT
population = 50      # programs on an island
islands = 2          # populations side by side
parsimony = 0.01     # what a statement costs, in units of the score

[search.racing]
seeds = 8            # trainings of a promising program; every one starts with one

[evaluation]
confirm_seeds = 16   # fresh seeds, for the best
report_seeds = 16    # more of them, on the test split, at the end
simplify = 0.03      # what a simplification of the winner may cost
"""
