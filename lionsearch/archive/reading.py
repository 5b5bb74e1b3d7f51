"""What a run's database holds, read: also while another process writes it. Every row is compared with its digest."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lionsearch.archive.folder import CONFIG, usable
from lionsearch.archive.rows import (
    CandidateRow,
    ConditionRow,
    DamagedRowError,
    Row,
    ScoredProgram,
    open_candidate,
    open_condition,
    open_evaluation,
    open_program,
    open_time,
)
from lionsearch.archive.tables import TABLES, TIMES
from lionsearch.errors import RunError
from lionsearch.records import Evaluation, FailureKind, Stage

CONFIG_ROW = ("config", CONFIG)
"""What the configuration's digest is called among the conditions."""

_CANDIDATE = "number, parent, change, candidates.fingerprint, statements, live_statements, candidates.digest"
_PROGRAM = "programs.fingerprint, first_candidate, text, programs.digest"
SCORED = (
    " FROM evaluations JOIN programs USING (fingerprint) JOIN candidates ON number = first_candidate"
    " WHERE stage = ? AND score IS NOT NULL"
)
BEST_FIRST = " ORDER BY score DESC, first_candidate"


class StoredRun:
    """The database of one run folder.

    Args:
        folder: of the run.
        database: open.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection):
        self.folder, self._database = folder, database

    def evaluations(self, stage: Stage) -> dict[str, Evaluation]:
        """Return every evaluation of a stage by fingerprint."""
        return self._evaluations("stage = ?", str(stage))

    def evaluation(self, fingerprint: str, stage: Stage) -> Evaluation | None:
        """Return a program's evaluation at a stage, if there is one."""
        return self._evaluations("stage = ? AND fingerprint = ?", str(stage), fingerprint).get(fingerprint)

    def _evaluations(self, where: str, *values: str) -> dict[str, Evaluation]:
        # the evaluations first: whoever writes adds their results with them
        rows = self.fetch(f"SELECT * FROM evaluations WHERE {where}", values)
        results: dict[str, list[Row]] = {}
        for row in self.fetch(f"SELECT * FROM results WHERE {where} ORDER BY fingerprint, position", values):
            results.setdefault(row[0], []).append(row)
        with self.sound():
            return dict(open_evaluation(row, results.get(row[0], [])) for row in rows)

    def leaderboard(self, stage: Stage) -> list[ScoredProgram]:
        """Return the scored programs of a stage, best first; earlier candidates first among equals."""
        rows = self.fetch(f"SELECT {_PROGRAM}, {_CANDIDATE}{SCORED}{BEST_FIRST}", (str(stage),))
        return self._scored(rows, self.evaluations(stage))

    def scored(self, fingerprints: Sequence[str], stage: Stage) -> list[ScoredProgram]:
        """Return these of the scored programs of a stage, in this order."""
        found: list[ScoredProgram] = []
        for name in fingerprints:
            where = f"{SCORED} AND programs.fingerprint = ?"
            rows = self.fetch(f"SELECT {_PROGRAM}, {_CANDIDATE}{where}", (str(stage), name))
            found += self._scored(rows, self._evaluations("stage = ? AND fingerprint = ?", str(stage), name))
        return found

    def _scored(self, rows: list[Row], evaluations: dict[str, Evaluation]) -> list[ScoredProgram]:
        with self.sound():
            found = [(open_program(row[:4]), open_candidate(row[4:])) for row in rows]
        return [
            ScoredProgram(
                program.fingerprint,
                program.candidate,
                program.text,
                candidate.live_statements,
                evaluations[program.fingerprint],
            )
            for program, candidate in found
        ]

    def candidates(self) -> list[CandidateRow]:
        """Return every candidate, in order."""
        rows = self.fetch(f"SELECT {_CANDIDATE} FROM candidates ORDER BY number")
        with self.sound():
            return [open_candidate(row) for row in rows]

    def lineage(self, candidate: int) -> list[CandidateRow]:
        """Return the candidate and its ancestors, the candidate first; none if it is not there.

        Raises:
            RunError: if one of them is damaged or missing. It ends, since a parent comes before its children.
        """
        found: list[CandidateRow] = []
        number: int | None = candidate
        while number is not None:
            rows = self.fetch(f"SELECT {_CANDIDATE} FROM candidates WHERE number = ?", (number,))
            if not rows and not found:
                break
            with self.sound():
                if not rows:
                    raise DamagedRowError(f"candidate {number}, parent of {found[-1].number}: it is not there")
                found.append(open_candidate(rows[0]))
            number = found[-1].parent
        return found

    def program_text(self, candidate: int) -> str | None:
        """Return the program of a candidate, without dead code."""
        rows = self.fetch(
            f"SELECT {_PROGRAM} FROM programs JOIN candidates USING (fingerprint) WHERE number = ?", (candidate,)
        )
        with self.sound():
            return open_program(rows[0]).text if rows else None

    def counts(self) -> dict[str, int]:
        """Return how many candidates were told, and what they consisted of."""
        [(generated, statements, live)] = self.fetch(
            "SELECT count(*), total(statements), total(live_statements) FROM candidates"
        )
        [(unique,)] = self.fetch("SELECT count(*) FROM programs")
        [(evaluated,)] = self.fetch("SELECT count(*) FROM evaluations WHERE stage = 'search'")
        with self.sound():
            return {
                "generated": generated,
                "unique": unique,
                "evaluated": evaluated,
                "statements": int(statements),
                "live_statements": int(live),
            }

    def failures(self, stage: Stage = Stage.SEARCH) -> dict[FailureKind, int]:
        """Return how many unique programs failed at a stage, by kind of failure."""
        rows = self.fetch(
            "SELECT failure, count(*) FROM results WHERE stage = ? AND failure IS NOT NULL"
            " GROUP BY failure ORDER BY count(*) DESC",
            (str(stage),),
        )
        with self.sound():
            return {FailureKind(kind): count for kind, count in rows}

    def conditions(self) -> list[ConditionRow]:
        """Return what the scores depend on, each from which candidate on, in that order."""
        rows = self.fetch(
            "SELECT * FROM conditions WHERE subject != ? ORDER BY candidate, subject, name", CONFIG_ROW[:1]
        )
        with self.sound():
            return [open_condition(row) for row in rows]

    def times(self) -> dict[int, float]:
        """Return after how many seconds of searching candidates were told, by number; {} for an older run."""
        if not self.fetch("SELECT 1 FROM sqlite_master WHERE name = ?", (TIMES,)):
            return {}
        rows = self.fetch(f"SELECT candidate, seconds FROM {TIMES} ORDER BY candidate")
        with self.sound():
            return dict(map(open_time, rows))

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield every row of every table, sorted: the contents by which two runs are compared. Settings are none."""
        for table in TABLES:
            for row in self.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3"):
                if (table, row[1]) != ("conditions", CONFIG_ROW[0]):
                    yield table, row

    def fetch(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a query, as they are.

        Raises:
            RunError: if the database is damaged.
        """
        with usable(self.folder):
            return self._database.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def sound(self) -> Iterator[None]:
        """Name the folder where a row is damaged."""
        try:
            yield
        except (ValueError, OverflowError) as error:
            raise RunError(f"{self.folder}: {error}; what can be saved says: lionsearch check {self.folder}") from None
