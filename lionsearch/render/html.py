"""Tables and programs as HTML, for notebooks; everything from a program or a name is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def html_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table.

    Examples:
        >>> html_table(("name", "score"), [("<lion>", 0.5)])
        '<table><tr><th>name</th><th>score</th></tr><tr><td>&lt;lion&gt;</td><td>0.5</td></tr></table>'
    """
    lines = [_line("th", columns), *(_line("td", row) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def html_code(text: str) -> str:
    """Return a program's text as it is."""
    return f"<pre><code>{escape(text)}</code></pre>"


def _line(tag: str, cells: Sequence[object]) -> str:
    shown = "".join(f"<{tag}>{escape(_shown(cell))}</{tag}>" for cell in cells)
    return f"<tr>{shown}</tr>"


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return "" if cell is None else str(cell)
