"""Axes to draw on, in the colours of a page, and the SVG that comes of them, which stands in HTML.

Colours are those of Okabe & Ito, which the colour-blind can tell apart, and every series has a marker or a dash of its
own. A page has them as variables, light or dark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from io import StringIO
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

_SIZE = (4.7, 3.1)
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.6,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
}
INK, GRID, MUTED = "#010203", "#010204", "#010205"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Blue, vermilion, green, purple, orange, sky blue."""
MARKERS, DASHES = "osD^vP", ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 3)))
_VARIABLES = {INK: "currentColor", GRID: "var(--grid)", MUTED: "var(--muted)"} | {
    color: f"var(--series-{number})" for number, color in enumerate(SERIES, start=1)
}
_COLOR = re.compile("|".join(_VARIABLES))
_LEFT_OUT = re.compile(
    r'<metadata>.*?</metadata>\s*|<defs>\s*<style.*?</style>\s*</defs>\s*| target="_blank"', re.DOTALL
)
_IDENTIFIER = re.compile(r' id="([^"]*)"')


def start(x: str, y: str, size: tuple[float, float] = _SIZE) -> tuple[Figure, Any]:
    """Return a figure, and its axes with what they are called."""
    with rc_context(_STYLE):
        figure = Figure(figsize=size)
        axes = figure.add_subplot()
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(colors=INK, length=3)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_color(MUTED)
    return figure, axes


def legend(axes: Any, columns: int = 2, below: bool = True) -> None:
    """Say what is drawn, below the axes or in their corner."""
    place: dict[str, Any] = {"loc": "upper left"}
    if below:
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": columns}
    axes.legend(**place, frameon=False, fontsize=8.5, labelcolor=INK)


def finish(figure: Figure, name: str, titles: Mapping[str, str] | None = None) -> str:
    """Return a figure as `draw_svg` does, with nothing cut off."""
    with rc_context(_STYLE):
        figure.tight_layout()
    return draw_svg(figure, name, titles)


def draw_svg(figure: Figure, name: str, titles: Mapping[str, str] | None = None) -> str:
    """Return a figure as SVG for HTML: no identifiers but of its own, colours the page's, links with what they say.

    Args:
        figure: drawn with the colours of this module.
        name: no other picture on the page has.
        titles: of its links, by the place in the page that each leads to.
    """
    FigureCanvasSVG(figure)
    buffer = StringIO()
    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = _LEFT_OUT.sub("", text)
    used = {*re.findall(r"url\(#([^)]+)\)", text), *re.findall(r'href="#([^"]+)"', text)}
    own = used - set(titles or ())
    text = _IDENTIFIER.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in own else "", text)
    text = re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{name}-{found[1]})", text)
    text = re.sub(r'xlink:href="#([^"]+)"', lambda found: f'href="#{_target(found[1], own, name)}"', text)
    for place, title in (titles or {}).items():
        label = escape(title, quote=True)
        text = text.replace(f'<a href="#{place}"', f'<a href="#{place}" class="point" aria-label="{label}"')
        text = text.replace(f'aria-label="{label}">', f'aria-label="{label}"><title>{label}</title>')
    text = re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r"<svg \1", text.replace("\n", " ", 1), count=1)
    text = _COLOR.sub(lambda found: _VARIABLES[found[0]], text)
    return re.sub(r"\n\s*", "\n", text).replace("<svg ", '<svg aria-hidden="true" ' if not titles else "<svg ", 1)


def _target(identifier: str, own: set[str], name: str) -> str:
    return f"{name}-{identifier}" if identifier in own else identifier


def pad(low: float, high: float) -> tuple[float, float]:
    """Return limits of an axis with a little room around what it shows."""
    room = 0.06 * max(high - low, 0.01)
    return low - room, high + room
