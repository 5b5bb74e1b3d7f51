"""What a program is: identify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.cli.simplifying import Target

if TYPE_CHECKING:
    from lionsearch.identification import Identity
    from lionsearch.identification.nearest import Neighbour
    from lionsearch.lang import Program
    from lionsearch.tasks.spec import TaskSpec


def identify(
    program: Target,
    task: Annotated[str, typer.Option("--task", help="The training along which programs are compared.")] = "digits_mlp",
    nearest: Annotated[int, typer.Option(min=0, help="Known programs to list; 0 trains nothing.")] = 5,
    json_output: Json = False,
) -> None:
    """Say which known optimizer a program is, and which ones its updates are nearest to."""
    from lionsearch.api.program_api import identify as find
    from lionsearch.api.program_api import load_tasks, trace

    loaded, _ = trace(program)
    specs = load_tasks(task) if nearest else []
    identity = find(loaded)
    if not json_output:
        print(f"{program.strip()} {say_what_it_is(identity)}", flush=True)
    neighbours = [each for spec in specs for each in _find_neighbours(loaded, identity, spec, nearest)]
    if json_output:
        print_json(_describe(identity, neighbours))
        return
    if neighbours:
        print(f"\nnearest by its updates along one training of {task}, constants fitted:")
        _print_neighbours(program.strip(), neighbours)


def _find_neighbours(program: Program, identity: Identity | None, spec: TaskSpec, most: int) -> list[Neighbour]:
    from lionsearch.evaluation.device import configure_jax
    from lionsearch.terminal.bar import show_bar

    configure_jax()
    from lionsearch.identification.neighbours import find_neighbours

    with show_bar(f"comparing with known programs along one training of {spec.name}", "parts") as listener:
        return find_neighbours(program, identity, spec, most, listener)


def say_what_it_is(identity: Identity | None, note: str = "") -> str:
    """Return what follows the name of a program in a sentence, and a second one on other names of the same rule.

    Args:
        identity: what was found.
        note: follows what it is.
    """
    if identity is None:
        return "is no known optimizer, nor a transform of one"
    also = f"\nwith these constants the same rule: {', '.join(identity.also)}" if identity.also else ""
    return f"is {identity}{note}{also}"


def say_how_near(neighbour: Neighbour, task: str) -> str:
    """Return a sentence on the nearest known program; a scale of the updates changes no cosine."""
    shown = replace(neighbour, hyperparameters=tuple(x for x in neighbour.hyperparameters if x[0] != "lr_scale"))
    constants = f" with {_constants(shown, ' = ')}" if shown.hyperparameters else ""
    return (
        f"its updates are nearest to those of {neighbour.name}{constants}:"
        f" mean cosine {neighbour.similarity:.4f} along one training of {task}"
    )


def _describe(identity: Identity | None, neighbours: Sequence[Neighbour]) -> dict[str, Any]:
    nothing = {"name": None, "hyperparameters": {}, "transforms": [], "also": [], "schedule": None}
    found = nothing if identity is None else identity.describe()
    return {**found, "nearest": [neighbour.describe() for neighbour in neighbours]}


def _print_neighbours(name: str, neighbours: Sequence[Neighbour]) -> None:
    from lionsearch.terminal.display import print_table

    rows = [
        (
            neighbour.name,
            f"{neighbour.similarity:.4f}",
            f"{neighbour.scale:.3g}",
            _constants(neighbour, "="),
            "; ".join(neighbour.differs) or "-",
        )
        for neighbour in neighbours
    ]
    print_table(("name", "cosine", "scale", "with", f"how {name} differs"), rows)


def _constants(neighbour: Neighbour, equals: str) -> str:
    from lionsearch.identification.matching import shorten

    return ", ".join(f"{key}{equals}{shorten(value, 3):.12g}" for key, value in neighbour.hyperparameters)
