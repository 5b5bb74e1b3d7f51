"""Whole tables of a run, read fast: types are checked, and no row is compared with its digest."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

from lionsearch.archive.reading import BEST_FIRST, SCORED, StoredRun
from lionsearch.archive.rows import SearchedRow, open_rounds, open_score, open_searched, open_spent
from lionsearch.records import FailureKind, Stage


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
    """Look for no garbage meanwhile: a hundred thousand rows are none, and looking through them takes as long again."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


class WholeTables:
    """What a run holds, by the table.

    Args:
        store: of the run.
    """

    def __init__(self, store: StoredRun):
        self._store = store

    @without_collecting()
    def rounds(self, stage: Stage, among: range | None = None) -> list[tuple[str, int, tuple[float, ...]]]:
        """Return fingerprint, live statements and rounds of the scored programs of a stage, as `leaderboard` has them.

        That is what a run chooses by, read in a tenth of the time: no row is compared with its digest.

        Args:
            stage: of the evaluations.
            among: numbers of the candidates that had a program first; None for all.
        """
        query = f"SELECT programs.fingerprint, live_statements, rounds{SCORED}"
        where, bounds = ("", ()) if among is None else (" AND number >= ? AND number < ?", (among.start, among.stop))
        rows = self._store.fetch(f"{query}{where}{BEST_FIRST}", (str(stage), *bounds))
        with self._store.sound():
            return [open_rounds(row) for row in rows]

    @without_collecting()
    def searched(self) -> list[SearchedRow]:
        """Return every candidate with what came of its program in the search, in order; no digest is compared."""
        with self._store.sound():
            scores = {
                row[0]: open_score(row)
                for row in self._store.fetch("SELECT fingerprint, rounds FROM evaluations WHERE stage = 'search'")
            }
            spent: dict[str, tuple[int, FailureKind | None]] = {}
            for name, *each in self._store.fetch(
                "SELECT fingerprint, json_array_length(scores) + (failure IS NOT NULL), failure"
                " FROM results NOT INDEXED WHERE stage = 'search'"
            ):
                trainings, failure = open_spent((name, *each))
                before = spent.get(name, (0, None))
                spent[name] = (before[0] + trainings, failure or before[1])
            found: list[SearchedRow] = []
            columns = "number, parent, change, fingerprint, statements, live_statements"
            for row in self._store.fetch(f"SELECT {columns} FROM candidates ORDER BY number"):
                name = row[3]
                trainings, failure = spent.get(name, (0, None))
                if trainings:
                    spent[name] = (0, failure)  # who comes later costs none
                found.append(open_searched(row, scores.get(name, (None, 0)), trainings, failure))
        return found

    @without_collecting()
    def task_scores(self, stage: Stage) -> dict[str, dict[str, float]]:
        """Return the score on each task by fingerprint, where there is one; no digest is compared."""
        found: dict[str, dict[str, float]] = {}
        query = "SELECT fingerprint, task, score FROM results WHERE stage = ? AND typeof(score) = 'real'"
        for name, task, score in self._store.fetch(query, (str(stage),)):
            found.setdefault(name, {})[task] = score
        return found

    def texts(self) -> dict[str, str]:
        """Return the text of every program by fingerprint; no digest is compared."""
        return dict(self._store.fetch("SELECT fingerprint, text FROM programs"))
