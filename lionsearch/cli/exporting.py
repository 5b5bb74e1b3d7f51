"""The command that hands a program to the world outside: export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.errors import SettingError
from lionsearch.export.formats import Target


def export(
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="Name, file, composition, or RUN:ID.")],
    to: Annotated[Target, typer.Option("--to", help="A Python file for optax or PyTorch, equations, or a picture.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; else it is printed.")] = None,
    json_output: Json = False,
) -> None:
    """Write a program as an optimizer for optax or PyTorch, as equations, or as a picture."""
    from lionsearch.archive.targets import load_target
    from lionsearch.export.formats import check_suffix
    from lionsearch.export.preparation import prepare
    from lionsearch.export.writing import describe, write_text
    from lionsearch.render.diagram import draw_graph

    check_suffix(output, to)
    prepared = prepare(*load_target(program))
    text = None if to is Target.GRAPH else write_text(prepared, to)
    if output is not None:
        try:
            if text is None:
                draw_graph(prepared.lowered, prepared.provenance.name, output)
            else:
                output.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise SettingError(f"{output}: cannot be written: {error.strerror}") from None
    name = prepared.provenance.name
    if json_output:
        made = {"text": text} if output is None else {"file": str(output)}
        print_json({"target": to.value, "name": name, **made})
    elif output is None:
        print(text, end="")
    else:
        print(f"wrote {output}: {describe(name, to)}")
