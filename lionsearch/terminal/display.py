"""How results look on a terminal."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lionsearch.terminal.plain import plain, raw_stream


def make_console() -> Console:
    """Return a console that does not fold lines where there is no terminal."""
    file = raw_stream(sys.stdout)
    return Console(file=file) if file.isatty() else Console(file=file, width=400)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers stand to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        numeric = all(_is_numeric(row[index]) for row in rows)
        table.add_column(Text(plain(column)), justify="right" if numeric else "left", no_wrap=numeric)
    for row in rows:
        table.add_row(*(Text(plain(_format(value))) for value in row))
    make_console().print(table)


def command_line(*words: object) -> str:
    """Return a command of this lionsearch to copy: by its name where that is on the path, else as it was called."""
    found = shutil.which("lionsearch")
    ours = found is not None and Path(found).resolve() == Path(sys.argv[0]).resolve()
    return shlex.join(["lionsearch" if ours else sys.argv[0], *map(str, words)])


def lost_line(lost: Iterable[tuple[str, str, int]]) -> str:
    """Return a line that says how many evaluations the system failed, of (stage, kind of failure, number).

    Examples:
        >>> lost_line([("search", "worker_lost", 2), ("confirm", "timeout", 1)])
        'lost by the system: 3 evaluations (search: worker_lost 2, confirm: timeout 1); they count as failures'
    """
    rows = list(lost)
    total = sum(count for _, _, count in rows)
    shown = ", ".join(f"{stage}: {kind} {count}" for stage, kind, count in rows)
    return f"lost by the system: {total} evaluation{'s' * (total != 1)} ({shown}); they count as failures"


def format_score(score: float | None, interval: float | None = None) -> str:
    """Return a score with its sign, and with half the width of its 95 % interval if there is one; a dash of no score.

    Examples:
        >>> format_score(0.0123), format_score(0.0123, 0.0045), format_score(None)
        ('+0.0123', '+0.0123 ±0.0045', '-')
    """
    if score is None:
        return "-"
    return f"{score:+.4f}" if interval is None else f"{score:+.4f} ±{interval:.4f}"


def _is_numeric(value: object) -> bool:
    text = _format(value)
    return text.replace(".", "").replace("-", "").replace("+", "").replace("e", "").isdigit() or text == "-"


def _format(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else str(value)
