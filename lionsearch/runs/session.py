"""One process's part of a run, from its store to its ending: workers are opened, the search driven, results saved."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lionsearch.archive import RunStore
from lionsearch.errors import LionSearchError, RunError
from lionsearch.evaluation.device import configure_jax
from lionsearch.records import Stage
from lionsearch.runs.callbacks import Callback
from lionsearch.runs.conditions import check_conditions
from lionsearch.runs.config import RunConfig, dump_config
from lionsearch.runs.listener import Display, Silence
from lionsearch.runs.result import Elite, RunResult
from lionsearch.runs.run import SearchRun
from lionsearch.runs.saving import save_best
from lionsearch.workers import Placement, open_pool

if TYPE_CHECKING:
    from lionsearch.runs.ending import Ending


class Session:
    """Drives a run until it ends, is interrupted, or cannot go on.

    Args:
        store: the run's database, open for writing; `drive` closes it.
        config: the run's.
        placement: where evaluations run.
        display: shows the progress.
        callback: told of each candidate.
        seconds: after which the search ends.
        notify: called with a sentence to show.
        advice: how to go on after an error, the end of its message.
    """

    def __init__(
        self,
        store: RunStore,
        config: RunConfig,
        placement: Placement,
        display: Display | None = None,
        callback: Callback | None = None,
        seconds: float = math.inf,
        notify: Callable[[str], None] = lambda text: None,
        advice: str = "what was evaluated is stored",
    ):
        self._store, self._config, self._placement = store, config, placement
        self._display = Silence() if display is None else display
        self._callback, self._seconds = callback, seconds
        self._notify, self._advice = notify, advice
        self.best_unsaved: Elite | None = None

    def drive(self, force: bool = False) -> RunResult:
        """Search, and return how it ended.

        Args:
            force: whether to go on though a task or an operation has changed.

        Raises:
            LionSearchError: if it cannot go on; the message says how it can if something is stored, and the best so far
                is in `best_unsaved` where the folder is gone.
        """
        pool = run = None
        try:
            with self._display as listener:
                listener.step(self._placement.describe())
                pool = open_pool(self._config.plan(), self._placement)
                for change in check_conditions(self._store, pool.fingerprint_tasks(), force=force):
                    self._notify(f"note: {change} since the run was made")
                if not self._store.has_config(text := dump_config(self._config)):  # where it ends is another place now
                    self._store.write_config(text)
                run = SearchRun(self._config, self._store, pool, listener, self._callback, self._seconds)
                result = run.run()
                self._note_start()
                return result
        except LionSearchError as error:
            if run is None or not self._is_begun():
                raise
            if not self._store.folder.is_dir():
                self.best_unsaved = run.progress().best
            raise RunError(f"{error}; {self._advice}") from error
        finally:
            try:
                if pool is not None:
                    pool.close()
            finally:
                self._store.close()

    def _note_start(self) -> None:
        """Say so if the first program failed in the search: then nothing can be said of what comes of it."""
        for row in self._store.lineage(0)[:1]:
            found = self._store.evaluation(row.fingerprint, Stage.SEARCH)
            failed = next((each for each in found.results if each.failure is not None), None) if found else None
            if failed is not None and failed.failure is not None:
                self._notify(f"note: the start failed on {failed.task}: {failed.failure.detail}")

    def _is_begun(self) -> bool:
        """Return whether anything is stored, which it is where the database itself is at fault."""
        try:
            return self._store.counts()["generated"] > 0
        except LionSearchError:
            return True


def conclude(
    folder: Path, config: RunConfig, result: RunResult, notify: Callable[[str], None] = lambda text: None
) -> tuple[Ending, list[str]]:
    """Return what follows from a result, and what could not be saved of it.

    Args:
        folder: of the run.
        config: the run's.
        result: how the run ended.
        notify: called with a sentence where something takes minutes, or could not be done.
    """
    faults = save_best(folder, result)
    configure_jax()
    from lionsearch.runs.ending import Ending

    ending = Ending(folder, config, result, notify)
    return ending, faults + ending.save()
