"""The best of another island's run, at fixed numbers of candidates: islands exchange through their stores.

At candidate number k times `migrate_after`, an island has the best of the one before it in the ring, among the first of
that one's candidates: those that it has told when it asks for the same number, at the latest. So no island waits for
one that waits for it. An island that has ended early gives the best of all that it has. What came is part of the run:
going through stored candidates looks it up, and waits for nobody.
"""

from __future__ import annotations

import contextlib
import re
import time

from lionsearch.archive import RunStore, ScoredProgram
from lionsearch.archive.folder import ISLAND, is_written
from lionsearch.archive.whole_tables import WholeTables
from lionsearch.errors import RunError
from lionsearch.evolution import Immigrant
from lionsearch.evolution.candidate import MIGRATION
from lionsearch.graph import check_program
from lionsearch.records import Stage
from lionsearch.runs.config import RunConfig
from lionsearch.runs.saving import read_end

_POLL = 0.2
_GONE = 60.0
"""Seconds for which no process writes an island that is waited for."""
_STILL = 14_400.0
"""Seconds without a candidate more, of one that a process writes."""


class Migration:
    """What an island takes in from the one before it.

    Args:
        store: of the island.
        config: the island's.
    """

    def __init__(self, store: RunStore, config: RunConfig):
        assert config.island is not None
        self._store, self._config = store, config
        islands = config.experiment.islands
        self._every = islands.migrate_after
        self._source = store.folder.parent / ISLAND.format((config.island - 1) % islands.count)
        self._best: str | None = None
        self._best_value, self._seen = float("-inf"), 0

    def immigrant(self, number: int) -> Immigrant | None:
        """Return what the candidate of a number is to be; None if it is none of them, or the other has nothing yet.

        Raises:
            RunError: if the other island stands still, or is damaged.
        """
        if number == 0 or number % self._every:
            return None
        for row in self._store.lineage(number)[:1]:
            return self._look_up(row.change)
        self._store.flush()  # for whoever waits for this one
        limit = self._wait(number - self._config.experiment.window)
        found = self._find_best(limit)
        return None if found is None else self._open(found)

    def _look_up(self, change: str) -> Immigrant | None:
        """Return the immigrant of a stored candidate, None if it is another one."""
        found = re.fullmatch(rf"{MIGRATION}{self._source.name}:(\d+)", change)
        if found is None:
            return None
        with self._reading() as store:
            text = store.program_text(int(found[1]))
        if text is None:
            raise RunError(f"{self._source}: candidate {found[1]}, which was taken from it, is not there")
        return Immigrant(check_program(text, f"{self._source}:{found[1]}"), change.removeprefix(MIGRATION))

    def _wait(self, wanted: int) -> int:
        """Wait until the other island has so many candidates, or has ended; return how many of them count."""
        known, since, written = -1, time.monotonic(), time.monotonic()
        while True:
            with self._reading() as store:
                told = store.counts()["generated"]
            if told >= wanted or read_end(self._source, told) is not None:
                return min(told, wanted)
            now = time.monotonic()
            if told > known:
                known, since = told, now
            if is_written(self._source):
                written = now
            if now - written > _GONE or now - since > _STILL:
                why = f"no process has written it for {now - written:.0f} seconds"
                if now - written <= _GONE:
                    why = f"it has had no more for {now - since:.0f} seconds"
                raise RunError(
                    f"{self._source} stands still at candidate {told} of {wanted} that the next island waits for, and"
                    f" {why}"
                )
            time.sleep(_POLL)

    def _find_best(self, limit: int) -> ScoredProgram | None:
        """Return the best of the other island's first candidates that had all seeds, the first of equals."""
        settings = self._config.experiment.search
        with self._reading() as store:
            for name, statements, rounds in WholeTables(store).rounds(Stage.SEARCH, range(self._seen, limit)):
                value = sum(rounds) / len(rounds) - settings.parsimony * statements
                if len(rounds) == (settings.racing.seeds or 1) and value > self._best_value:
                    self._best, self._best_value = name, value
            self._seen = limit
            return None if self._best is None else store.scored([self._best], Stage.SEARCH)[0]

    def _open(self, found: ScoredProgram) -> Immigrant:
        origin = f"{self._source.name}:{found.candidate}"
        return Immigrant(check_program(found.text, f"{self._source}:{found.candidate}"), origin)

    def _reading(self) -> contextlib.closing[RunStore]:
        return contextlib.closing(RunStore.read(self._source))


def open_migration(store: RunStore, config: RunConfig) -> Migration | None:
    """Return what a run takes in from another island; None if it is none of several."""
    return None if config.island is None else Migration(store, config)
