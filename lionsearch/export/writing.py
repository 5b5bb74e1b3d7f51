"""Prepared program + target -> the text of an export, and the command that makes it."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from lionsearch.export.formats import Target
from lionsearch.export.optax_module import write_optax_module
from lionsearch.export.preparation import Prepared
from lionsearch.export.torch_module import write_torch_module
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

    Example:
        >>> from lionsearch.export.preparation import prepare
        >>> from lionsearch.archive.targets import load_target
        >>> lion = prepare(*load_target("lion"))
        >>> next(line for line in write_text(lion, Target.TORCH).splitlines() if "--to" in line)
        'Written by: lionsearch export lion --to torch'
    """
    command = shlex.join(["lionsearch", "export", prepared.provenance.text, "--to", target.value])
    return _WRITERS[target](prepared, command)


def describe(name: str, target: Target) -> str:
    """Return what an export of a program is, in a few words.

    Example:
        >>> describe("lion", Target.OPTAX), describe("lion", Target.GRAPH)
        ('lion for optax', 'the graph of lion')
    """
    match target:
        case Target.GRAPH:
            return f"the graph of {name}"
        case Target.LATEX:
            return f"the equations of {name}"
        case library:
            return f"{name} for {library}"
