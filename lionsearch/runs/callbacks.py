"""What a search tells while it goes on: to a `Callback` of the user's, or to a log file."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lionsearch.errors import SettingError
from lionsearch.lang import Program
from lionsearch.records import Evaluation
from lionsearch.runs.config import RunConfig
from lionsearch.runs.result import Elite, Progress, RunResult


class StopSearch(Exception):  # noqa: N818  (as StopIteration: no fault)
    """Raised by a callback to end the search: the best is still confirmed and reported. Its text says why.

    Examples:
        >>> class Ten(Callback):
        ...     def on_candidate(self, event, progress):
        ...         if event.number == 9:
        ...             raise StopSearch("ten are enough")
    """


@dataclass(frozen=True, slots=True)
class CandidateEvent:
    """A candidate that was told to the search.

    Attributes:
        number: from 0, in the order asked.
        parent: the number of its parent, None for an initial program.
        change: the mutation that made it.
        program: without dead code.
        fingerprint: of the program.
        evaluation: what came of it.
        is_new: whether no candidate before it was the same program.
        is_replayed: whether that is of an earlier process, which a resumed run goes through again.
    """

    number: int
    parent: int | None
    change: str
    program: Program
    fingerprint: str
    evaluation: Evaluation
    is_new: bool
    is_replayed: bool

    @property
    def score(self) -> float | None:
        """Its mean over the tasks, on the seeds that it got; None after a failure."""
        return self.evaluation.score


class Callback:
    """What is called as a search goes on, in the process that drives it. Override what you need.

    A resumed run goes through what it has once more, so a callback sees each candidate in each process. What a callback
    raises ends the search, which can be resumed; `StopSearch` ends it as if all programs were done, and means nothing
    while a resumed run goes through what it has.

    Scores of an `Elite`: `elite.confirm.score` is that of the task where it is worst, on fresh seeds.

    Examples:
        >>> class Enough(Callback):
        ...     def on_improvement(self, elite, progress):
        ...         if elite.confirm.score > 0.05:
        ...             raise StopSearch(f"{elite.confirm.score:+.3f} is enough")
    """

    def on_start(self, folder: Path, config: RunConfig) -> None:
        """Be told where the run is, before anything is evaluated."""

    def on_candidate(self, event: CandidateEvent, progress: Progress) -> None:
        """Be told of each candidate, in their order."""

    def on_improvement(self, elite: Elite, progress: Progress) -> None:
        """Be told of a program that is better than all before it on fresh seeds."""

    def on_end(self, result: RunResult) -> None:
        """Be told how the search ended; not after an error."""

    def close(self) -> None:
        """Give back what is held, such as an open file: called last, also after an error."""


class Callbacks(Callback):
    """Several callbacks as one, in their order. All are told what one of them ends the search for.

    Args:
        callbacks: that are told.

    Raises:
        SettingError: if one is none.
    """

    def __init__(self, callbacks: Sequence[Callback] = ()):
        if isinstance(callbacks, Callback) or not isinstance(callbacks, Sequence):
            raise SettingError(f"callbacks: expected a list of lionsearch.Callback, not {type(callbacks).__name__}")
        for each in callbacks:
            if not isinstance(each, Callback):
                raise SettingError(f"callbacks: expected values of lionsearch.Callback, not {type(each).__name__}")
        self._all = tuple(callbacks)

    def on_start(self, folder: Path, config: RunConfig) -> None:
        """Tell each."""
        self._tell("on_start", folder, config)

    def on_candidate(self, event: CandidateEvent, progress: Progress) -> None:
        """Tell each."""
        self._tell("on_candidate", event, progress)

    def on_improvement(self, elite: Elite, progress: Progress) -> None:
        """Tell each."""
        self._tell("on_improvement", elite, progress)

    def on_end(self, result: RunResult) -> None:
        """Tell each."""
        self._tell("on_end", result)

    def close(self) -> None:
        """Close each."""
        with contextlib.ExitStack() as stack:
            for each in self._all:
                stack.callback(each.close)

    def _tell(self, what: str, *arguments: Any) -> None:
        stop: StopSearch | None = None
        for each in self._all:
            try:
                getattr(each, what)(*arguments)
            except StopSearch as error:
                stop = stop or error
        if stop is not None:
            raise stop
