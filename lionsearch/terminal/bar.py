"""How far a command is, as a bar with the time left: on a terminal alone. Writes to stderr and leaves nothing there."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from lionsearch.terminal.plain import plain, raw_stream

Listener = Callable[[int, int], None]
"""Told how many of how many parts are done."""


class _Parts(ProgressColumn):
    """How many parts are done and how long the others take; the time that it took, while nobody knows how many."""

    def __init__(self, unit: str):
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """Return it as text."""
        if task.total is None:
            return Text(_clock(task.elapsed))
        return Text(f"{task.completed:.0f}/{task.total:.0f} {self._unit}, {_clock(task.time_remaining)} left")


def _clock(seconds: float | None) -> str:
    return "?" if seconds is None else str(timedelta(seconds=int(seconds)))


@contextlib.contextmanager
def show_bar(what: str, unit: str = "parts") -> Iterator[Listener]:
    """Show a bar, and give what moves it.

    Args:
        what: is done.
        unit: what a part is called, in the plural.
    """
    console = Console(file=raw_stream(sys.stderr))
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        _Parts(unit),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=raw_stream(sys.stdout).isatty(),  # else results would not come where they belong
    )
    with shown as progress:
        task = progress.add_task(plain(what), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
