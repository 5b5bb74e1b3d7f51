"""The progress of a comparison: trainings done and waiting; live on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.text import Text

from lionsearch.comparison.laboratory import Work
from lionsearch.errors import counted
from lionsearch.terminal.plain import plain, raw_stream

_PLAIN_SECONDS = 10.0


class TrainingsDisplay:
    """Shows how far a laboratory is, on stderr."""

    def __init__(self) -> None:
        self._console = Console(file=raw_stream(sys.stderr))
        self._status = self._console.status("") if self._console.is_terminal else None
        self._begun = time.monotonic()
        self._last = self._begun

    def __call__(self, work: Work) -> None:
        """Show it."""
        seconds = time.monotonic() - self._begun
        done = counted(work.done, "training")
        line = plain(f"{done} in {seconds:.0f} s, at least {work.waiting} more to come; last on {work.last}")
        if self._status is not None:
            self._status.update(Text(line))
            self._status.start()
        elif time.monotonic() - self._last > _PLAIN_SECONDS:
            self._last = time.monotonic()
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Stop showing."""
        if self._status is not None:
            self._status.stop()
