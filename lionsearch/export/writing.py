"""Prepared program + target -> the text of an export, and the command that makes it."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from lionsearch.errors import SettingError
from lionsearch.export.formats import Flavor, Target
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


def write_text(prepared: Prepared, target: Target, flavor: Flavor | None = None) -> str:
    """Return the text of an export; a graph has none.

    Args:
        prepared: the program.
        target: any but `graph`.
        flavor: of `python`; optax if None.

    Raises:
        SettingError: if the target cannot express the program, or a flavour is given to another target.

    Example:
        >>> from lionsearch.export.preparation import prepare
        >>> from lionsearch.archive.targets import load_target
        >>> lion = prepare(*load_target("lion"))
        >>> next(line for line in write_text(lion, Target.PYTHON, Flavor.TORCH).splitlines() if "--to" in line)
        'Written by: lionsearch export lion --to python --flavor torch'
    """
    return _WRITERS[resolve(target, flavor)](prepared, command_line(prepared.provenance.text, target, flavor))


def resolve(target: Target, flavor: Flavor | None) -> Target:
    """Return the target that does the work.

    Raises:
        SettingError: if a flavour is given to a target that has none.
    """
    if target is Target.PYTHON:
        return Target((flavor or Flavor.OPTAX).value)
    if flavor is not None:
        raise SettingError(f"--flavor goes with --to python only, not with --to {target}")
    return target


def describe(name: str, target: Target, flavor: Flavor | None) -> str:
    """Return what an export of a program is, in a few words.

    Example:
        >>> describe("lion", Target.PYTHON, None), describe("lion", Target.GRAPH, None)
        ('lion for optax', 'the graph of lion')
    """
    match resolve(target, flavor):
        case Target.GRAPH:
            return f"the graph of {name}"
        case Target.LATEX:
            return f"the equations of {name}"
        case library:
            return f"{name} for {library}"


def command_line(text: str, target: Target, flavor: Flavor | None) -> str:
    """Return the command that an export is made with."""
    chosen = ["--flavor", (flavor or Flavor.OPTAX).value] if target is Target.PYTHON else []
    return shlex.join(["lionsearch", "export", text, "--to", target.value, *chosen])
