"""The command that hands a program to the world outside: export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lionsearch.archive.targets import load_target
from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.exports.formats import Target


def export(
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="Name, file, composition, or RUN:ID.")],
    to: Annotated[Target, typer.Option("--to", help="A Python file for optax or PyTorch, equations, or a picture.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; else it is printed.")] = None,
    json_output: Json = False,
) -> None:
    """Write a program as an optimizer for optax or PyTorch, as equations, or as a picture."""
    from lionsearch.exports.writing import describe, write_export

    loaded, provenance = load_target(program)
    text, name = write_export(loaded, provenance, to, output), provenance.name
    if json_output:
        made = {"text": text} if output is None else {"file": str(output)}
        print_json({"target": to.value, "name": name, **made})
    elif output is None:
        print(text, end="")
    else:
        print(f"wrote {output}: {describe(name, to)}")
