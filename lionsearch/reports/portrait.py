"""A program as a page shows it: text, equations, data-flow graph, and the file of an export. Nothing here trains."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lionsearch.archive.targets import Provenance
from lionsearch.errors import LionSearchError
from lionsearch.exports.formats import Target
from lionsearch.exports.preparation import Prepared, prepare
from lionsearch.exports.writing import write_text
from lionsearch.lang import Program, format_program
from lionsearch.render.diagram import draw_figure
from lionsearch.reports.drawing import draw_svg

_EQUATIONS = re.compile(r"\\begin\{align\*\}.*\\end\{align\*\}", re.DOTALL)
_ROLES = {"#d9e8f6": "input", "#fbe3c0": "state", "#eeeeee": "number", "#ffffff": "operation", "#f7c6c5": "update"}
_LINES = {"#555555": "var(--muted)", "#888888": "var(--muted)", "#000000": "currentColor"}


@dataclass(frozen=True, slots=True)
class Portrait:
    """A program as a page shows it.

    Attributes:
        text: the program.
        mathml: its equations as browsers set them; "" where that cannot be.
        latex: its equations as text, and the values of the hyperparameters; "" where it has none.
        graph: the data-flow graph, SVG; "" where it cannot be drawn.
        optax: the text of its file for optax; "" where optax cannot express it.
        why: what could not be done.
    """

    text: str
    mathml: str
    latex: str
    graph: str
    optax: str
    why: tuple[str, ...] = ()


def portray(program: Program, provenance: Provenance, name: str) -> Portrait:
    """Return a program as a page shows it; what cannot be done is said.

    Args:
        program: any valid one.
        provenance: where it is from.
        name: no other picture on the page has.
    """
    prepared = prepare(program, provenance)
    why: list[str] = []
    latex = _try(lambda: write_text(prepared, Target.LATEX), "equations", why)
    optax = _try(lambda: write_text(prepared, Target.OPTAX), "optax", why)
    graph = _try(lambda: draw_graph(prepared, name), "graph", why)
    latex = "\n".join(line for line in latex.splitlines() if not line.startswith("%"))
    return Portrait(format_program(program), write_mathml(latex), latex, graph, optax, tuple(why))


def write_mathml(latex: str) -> str:
    r"""Return the equations of a LaTeX text as MathML, "" if they cannot be read.

    Examples:
        >>> write_mathml(r"\begin{align*} x &= y \end{align*}").startswith("<math ")
        True
    """
    from latex2mathml.converter import convert

    found = _EQUATIONS.search(latex)
    if found is None:
        return ""
    try:
        return convert(found[0], display="block")
    except Exception:  # it has no error of its own, and the text is shown in any case
        return ""


def draw_graph(prepared: Prepared, name: str) -> str:
    """Return the data-flow graph of a program as SVG in the page's colours."""
    text = draw_svg(draw_figure(prepared.lowered), name)
    for color, role in _ROLES.items():
        text = text.replace(color, f"var(--{role})")
    for color, variable in _LINES.items():
        text = text.replace(color, variable)
    return text


def _try(make: Callable[[], str], what: str, why: list[str]) -> str:
    try:
        return make()
    except LionSearchError as error:
        why.append(f"no {what}: {error}")
        return ""
