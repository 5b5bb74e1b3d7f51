"""The progress of a search, live on a terminal and as plain lines elsewhere. Writes to stderr."""

from __future__ import annotations

import contextlib
import math
import sys
import threading
import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lionsearch.errors import LionSearchError
from lionsearch.lang import Program, format_program
from lionsearch.runs.result import Elite, Progress
from lionsearch.terminal.display import format_score
from lionsearch.terminal.plain import plain, raw_stream

_PLAIN_SECONDS = 10.0
_A_SECOND = 2.0  # times that a terminal is drawn again
_ENOUGH_TO_TELL = 100  # candidates, before the time left is guessed
_ENOUGH_FOR_A_RATE = 10
_LONG_ENOUGH_TO_TELL = 0.1  # seconds, before a rate is


class ProgressDisplay:
    """Shows a run's progress: a live panel on a terminal, else a line every ten seconds. Writes to stderr.

    Used as a context manager; the instance is the run's listener, and is told each step on the way that takes seconds.
    """

    def __init__(self) -> None:
        self._last_line = -math.inf
        self._progress: Progress | None = None
        self._step: Spinner | None = None
        self._name = _Namer()
        console, self._live = Console(file=raw_stream(sys.stderr)), None
        if console.is_terminal:
            self._live = Live(get_renderable=self._render, console=console, refresh_per_second=_A_SECOND)

    def __enter__(self) -> ProgressDisplay:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._step = None
        if self._live is not None:
            self._live.stop()

    def __call__(self, progress: Progress) -> None:
        """Show the progress."""
        self._progress, self._step = progress, None
        if self._live is None and time.monotonic() - self._last_line > _PLAIN_SECONDS:
            self._last_line = time.monotonic()
            print(progress_line(progress), file=sys.stderr, flush=True)

    def step(self, text: str) -> None:
        """Say what is done until there is progress again."""
        if self._live is None:
            print(text, file=sys.stderr, flush=True)
        else:
            self._step = Spinner("dots", Text(plain(text)))

    def _render(self) -> RenderableType:
        parts: list[RenderableType] = []
        if self._progress is not None:
            parts += _draw(self._progress, self._name)
        if self._step is not None:
            parts.append(self._step)
        return Group(*parts)


class _Namer:
    """Says what a program is; that is found out in a thread of its own, since it takes a second."""

    def __init__(self) -> None:
        self._program: Program | None = None
        self._found = ""

    def __call__(self, program: Program) -> str:
        """Return what a program is as a sentence, "" while that is not known."""
        if program != self._program:
            self._program, self._found = program, ""
            threading.Thread(target=self._find, args=(program,), daemon=True).start()
        return self._found

    def _find(self, program: Program) -> None:
        with contextlib.suppress(LionSearchError):
            from lionsearch.identification import identify

            found = identify(program)
            if program == self._program:
                self._found = f"it is {found}" if found is not None else "it is no known optimizer"


def progress_line(progress: Progress) -> str:
    """Return the progress as one line."""
    best, going = "-", progress.told < progress.total
    if progress.best is not None:
        best = f"{format_score(progress.best.confirm.score)} on its worst task"
        best += f", {_since(progress)}" if going else ""
    return (
        f"{progress.told}/{progress.total} programs  {_rate(progress)}/s"
        f"  {_share(progress.cached, progress.told)} cache hits"
        f"  {_share(_dead(progress), progress.statements)} dead statements  best {best}"
        f"{f'  {_time_left(progress)} left' if going else ''}"
    )


def _draw(progress: Progress, name: _Namer) -> list[RenderableType]:
    facts = Table.grid(padding=(0, 3))
    facts.add_row("programs", f"{progress.told} of {progress.total}, {_rate(progress)} a second")
    facts.add_row("time left", _time_left(progress))
    hits, dead = _share(progress.cached, progress.told), _share(_dead(progress), progress.statements)
    facts.add_row("known before", f"{hits} of programs (cache hits); {dead} of statements are dead")
    parts: list[RenderableType] = [
        Padding(ProgressBar(total=progress.total, completed=progress.told, width=60), 0),  # which ends the line
        facts,
    ]
    if progress.best is not None:
        facts.add_row("last improvement", _since(progress))
        parts += _draw_best(progress.best, name(progress.best.program))
    return parts


def _draw_best(best: Elite, name: str) -> list[RenderableType]:
    score = format_score(best.confirm.score)
    title = f"best on fresh seeds: {score} on its worst task (0 is tuned AdamW), candidate {best.candidate}"
    program = Syntax(plain(format_program(best.program)).rstrip(), "python", background_color="default")
    return [Text(title), program, Text(plain(name))]


def _dead(progress: Progress) -> int:
    return progress.statements - progress.live_statements


def _since(progress: Progress) -> str:
    """Return how long ago the best was found; in time too if that was in this process."""
    programs = progress.told - progress.improved
    if not programs:
        return "just now"
    ago = f"{programs} program{'s' * (programs != 1)}"
    if progress.improved > progress.replayed:
        ago += f", {_minutes(progress.seconds - progress.improved_at)}"
    return f"{ago} ago"


def _rate(progress: Progress) -> str:
    """Return how many candidates are told in a second: trained with, or known before."""
    new = progress.told - progress.replayed
    if new < _ENOUGH_FOR_A_RATE or progress.seconds <= _LONG_ENOUGH_TO_TELL:
        return "-"
    rate = new / progress.seconds
    return f"{rate:.0f}" if rate >= 1 else f"{rate:.2g}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.0f}%"


def _time_left(progress: Progress) -> str:
    new, left = progress.told - progress.replayed, progress.limit - progress.seconds
    if progress.told < progress.total and (new < _ENOUGH_TO_TELL or not progress.seconds):
        return "?" if math.isinf(left) else f"at most {_minutes(left)}"
    return _minutes(min(progress.seconds / max(new, 1) * (progress.total - progress.told), left))


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{rest:02d}s"
