"""Prepared program + target -> the text of an export, and the command that makes it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from lionsearch.archive.targets import Provenance
from lionsearch.errors import SettingError
from lionsearch.exports.formats import Target, check_suffix
from lionsearch.exports.optax_module import write_optax_module
from lionsearch.exports.preparation import Prepared, prepare
from lionsearch.exports.torch_module import write_torch_module
from lionsearch.lang import Program
from lionsearch.lang.summary import summarize
from lionsearch.render.latex import write_latex


def _write_latex(prepared: Prepared, command: str) -> str:
    found = summarize(prepared.program)
    return write_latex(prepared.lowered, (found.title, found.source, f"Written by: {command}"))


_WRITERS: dict[Target, Callable[[Prepared, str], str]] = {
    Target.OPTAX: write_optax_module,
    Target.TORCH: write_torch_module,
    Target.LATEX: _write_latex,
}


def write_text(prepared: Prepared, target: Target) -> str:
    """Return the text of an export; a graph has none.

    Args:
        prepared: the program.
        target: any but `graph`.

    Raises:
        SettingError: if the target cannot express the program.

    Examples:
        >>> from lionsearch.exports.preparation import prepare
        >>> from lionsearch.archive.targets import load_target
        >>> lion = prepare(*load_target("lion"))
        >>> next(line for line in write_text(lion, Target.TORCH).splitlines() if "--to" in line)
        'Written by: lionsearch export lion --to torch'
    """
    source = prepared.provenance.text
    command = shlex.join(["lionsearch", "export", source, "--to", target.value]) if source else "lionsearch.export"
    return _WRITERS[target](prepared, command)


def write_export(program: Program, provenance: Provenance, target: Target, output: Path | None = None) -> str | None:
    """Return the text of an export, and write it if there is a file for it; a graph has no text.

    Args:
        program: what is exported.
        provenance: where it is from.
        target: what to.
        output: the file.

    Raises:
        SettingError: if the target cannot express the program, or the file cannot be written.
    """
    check_suffix(output, target)
    prepared = prepare(program, provenance)
    text = None if target is Target.GRAPH else write_text(prepared, target)
    if output is None:
        return text
    try:
        if text is None:
            from lionsearch.render.diagram import draw_graph  # brings matplotlib

            draw_graph(prepared.lowered, prepared.provenance.name, output)
        else:
            output.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingError(f"{output}: cannot be written: {error.strerror}") from None
    return text


def describe(name: str, target: Target) -> str:
    """Return what an export of a program is, in a few words.

    Examples:
        >>> describe("lion", Target.OPTAX), describe("lion", Target.GRAPH)
        ('`lion` for optax', 'the graph of lion')
    """
    match target:
        case Target.GRAPH:
            return f"the graph of {name}"
        case Target.LATEX:
            return f"the equations of {name}"
        case library:
            return f"`{name}` for {library}"
