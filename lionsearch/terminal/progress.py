"""The progress of a search, live on a terminal and as plain lines elsewhere. Writes to stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lionsearch.lang import format_program
from lionsearch.runs.result import Progress
from lionsearch.terminal.display import format_score
from lionsearch.terminal.plain import plain, raw_stream

_PLAIN_SECONDS = 10.0
_ENOUGH_TO_TELL = 100  # candidates, before the time left is guessed
_LONG_ENOUGH_TO_TELL = 0.1  # seconds, before a rate is


class ProgressDisplay:
    """Shows a run's progress: a live panel on a terminal, else a line every ten seconds. Writes to stderr.

    Used as a context manager; the instance is the run's listener.

    Args:
        limit: what happens to a program that hangs.
    """

    def __init__(self, limit: str = "") -> None:
        self._beginning = f"starting workers and compiling the tasks{f' ({limit})' if limit else ''}"
        self._console = Console(file=raw_stream(sys.stderr))
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        self._last_line = 0.0
        self._first: Progress | None = None

    def __enter__(self) -> ProgressDisplay:
        if self._live is not None:
            self._live.start()
            self._live.update(Text(self._beginning), refresh=True)
        else:
            print(self._beginning, file=sys.stderr, flush=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, progress: Progress) -> None:
        """Show the progress."""
        if self._live is not None:
            self._live.update(_render(progress), refresh=True)
        elif time.monotonic() - self._last_line > _PLAIN_SECONDS:
            self._last_line = time.monotonic()
            print(progress_line(progress), file=sys.stderr, flush=True)


def progress_line(progress: Progress) -> str:
    """Return the progress as one line."""
    best = "-" if progress.best is None else f"{format_score(progress.best.confirm.score)} on its worst task"
    left = "" if progress.told == progress.total else f"  {_time_left(progress)} left"
    return (
        f"{progress.told}/{progress.total} programs  {_rate(progress.told - progress.replayed, progress)} generated/s"
        f"  {_rate(progress.evaluated, progress)} evaluated/s  {_share(progress.cached, progress.told)} cache hits"
        f"  {_share(_dead(progress), progress.statements)} dead statements  best {best}{left}"
    )


def _render(progress: Progress) -> Group:
    facts = Table.grid(padding=(0, 3))
    facts.add_row(
        "generated", f"{progress.told} of {progress.total}", f"{_rate(progress.told - progress.replayed, progress)}/s"
    )
    facts.add_row("evaluated", str(progress.evaluated), f"{_rate(progress.evaluated, progress)}/s")
    facts.add_row("cache hits", _share(progress.cached, progress.told), "")
    facts.add_row("dead statements", _share(_dead(progress), progress.statements), "")
    facts.add_row("time left", _time_left(progress), "")
    bar = Padding(ProgressBar(total=progress.total, completed=progress.told, width=60), 0)  # which ends the line
    parts: list[object] = [bar, facts]
    if progress.best is not None:
        score, number = format_score(progress.best.confirm.score), progress.best.candidate
        parts.append(Text(f"best on fresh seeds: {score} on its worst task (0 is tuned AdamW), candidate {number}"))
        parts.append(Syntax(plain(format_program(progress.best.program)), "python", background_color="default"))
    return Group(*parts)  # type: ignore[arg-type]


def _dead(progress: Progress) -> int:
    return progress.statements - progress.live_statements


def _rate(count: int, progress: Progress) -> str:
    return f"{count / progress.seconds:.0f}" if progress.seconds > _LONG_ENOUGH_TO_TELL else "-"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.0f}%"


def _time_left(progress: Progress) -> str:
    new = progress.told - progress.replayed
    if progress.told < progress.total and (new < _ENOUGH_TO_TELL or not progress.seconds):
        return "?"
    minutes, seconds = divmod(round(progress.seconds / max(new, 1) * (progress.total - progress.told)), 60)
    return f"{minutes}m{seconds:02d}s"
