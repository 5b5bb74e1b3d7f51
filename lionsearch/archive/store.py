"""What a run has seen, in one SQLite database (WAL): every candidate, unique program and evaluation.

Rows are written in the order in which results are told, a batch at a time; a process that is killed loses at most
the last batch, which `resume` computes again to the same rows. Nothing in the tables depends on time or workers, so
an interrupted and resumed run ends with the same contents as one that was never killed. A row once written is never
changed: what was told to the search, a failure of the system too, is what it was told. When candidates were told stands
in a table apart, by which runs are not compared.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from lionsearch.archive.folder import (
    CONFIG,
    check_run_folder,
    make_run_folder,
    read_config,
    take_lock,
    usable,
    write_config,
)
from lionsearch.archive.rows import (
    CandidateRow,
    ConditionRow,
    DamagedRowError,
    ProgramRow,
    Row,
    ScoredProgram,
    check_seal,
    digest_text,
    open_candidate,
    open_condition,
    open_evaluation,
    open_program,
    open_time,
    seal,
    seal_evaluation,
)
from lionsearch.archive.tables import DATABASE, TABLES, TIMES, create_database, open_database
from lionsearch.errors import RunError
from lionsearch.records import Evaluation, FailureKind, Stage

_CONFIG = ("config", CONFIG)
"""What the configuration's digest is called among the conditions."""

_CANDIDATE = "number, parent, change, candidates.fingerprint, statements, live_statements, candidates.digest"
_PROGRAM = "programs.fingerprint, first_candidate, text, programs.digest"
SCORED = (
    " FROM evaluations JOIN programs USING (fingerprint) JOIN candidates ON number = first_candidate"
    " WHERE stage = ? AND score IS NOT NULL"
)
BEST_FIRST = " ORDER BY score DESC, first_candidate"


class RunStore:
    """The store of one run folder; made by `create`, `resume` or `read`.

    Args:
        folder: of the run.
        database: open.
        lock: of the folder, for a store that may write.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection, lock: FileLock | None = None):
        self.folder, self._database, self._lock = folder, database, lock
        self._is_open = True

    @classmethod
    def create(cls, folder: Path, config: str) -> RunStore:
        """Make a new run folder.

        Args:
            folder: must not exist, or be empty.
            config: the resolved configuration, JSON.

        Raises:
            FolderTakenError: if there is something at the folder's place, or another process came first.
            RunError: if it cannot be made.
        """
        make_run_folder(folder)
        lock = take_lock(folder)  # which of several processes has it has the folder
        try:
            make_run_folder(folder)
        except RunError:
            lock.release()
            raise
        for path in folder.glob(f"{DATABASE}*"):  # of a run that died before it began
            path.unlink(missing_ok=True)
        with usable(folder, lock):
            store = cls(folder, create_database(folder), lock)
        try:
            store.write_config(config)
        except RunError:
            store.close()
            raise
        return store

    @classmethod
    def resume(cls, folder: Path) -> RunStore:
        """Open a run folder for writing."""
        check_run_folder(folder)
        return cls._open(folder, take_lock(folder))

    @classmethod
    def read(cls, folder: Path) -> RunStore:
        """Open a run folder for reading, also while another process writes it."""
        check_run_folder(folder)
        return cls._open(folder, None)

    @classmethod
    def _open(cls, folder: Path, lock: FileLock | None) -> RunStore:
        with usable(folder, lock):
            database = open_database(folder, writable=lock is not None)
            database.execute("SELECT count(*) FROM candidates")
        return cls(folder, database, lock)

    def read_config(self) -> str:
        """Return the resolved configuration, JSON."""
        return read_config(self.folder)

    def write_config(self, config: str) -> None:
        """Put another configuration in its place, whole or not at all, and its digest into the database.

        Raises:
            RunError: if it cannot be written, or could not be read again.
        """
        if self._config_digest():
            self._note_config("")  # so that whoever dies meanwhile leaves none that does not fit
        write_config(self.folder, config)
        self._note_config(digest_text(config))

    def check_config(self) -> None:
        """Raise if the configuration is not as it was written; of a run without its digest, an older one, nobody knows.

        Raises:
            RunError: saying what can be done.
        """
        digest = self._config_digest()
        if digest and digest != digest_text(self.read_config()):
            raise RunError(
                f"{self.folder}: its {CONFIG} is not as it was written: its digest does not fit it; put it back, or"
                f" go on with it as it is with: lionsearch resume {self.folder} --force"
            )

    def has_config(self, config: str) -> bool:
        """Return whether a configuration is what is stored, with its digest."""
        return self.read_config() == config and self._config_digest() == digest_text(config)

    def _config_digest(self) -> str:
        """Return the configuration's digest; "" if there is none."""
        rows = self.fetch("SELECT * FROM conditions WHERE subject = ? AND name = ?", _CONFIG)
        with self.sound():
            return open_condition(rows[0]).value if rows else ""

    def _note_config(self, digest: str) -> None:
        self.add_condition(ConditionRow(0, *_CONFIG, digest))
        self.flush()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Write what is added meanwhile wholly or, if it is interrupted, not at all."""
        if not self._database.in_transaction:
            self._database.execute("BEGIN")
        self._database.execute("SAVEPOINT together")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK TO together")
            raise
        finally:
            self._database.execute("RELEASE together")

    def add_candidate(self, row: CandidateRow) -> None:
        """Record a told candidate; written at the next `flush`.

        Raises:
            RunError: if the run already has another candidate of that number: this is not the run that was stored.
        """
        self._add("candidates", seal(row), f"candidate {row.number}", number=row.number)

    def add_program(self, fingerprint: str, candidate: int, text: str) -> None:
        """Record a unique program.

        Raises:
            RunError: if the run already has another program of that name.
        """
        row = seal(ProgramRow(fingerprint, candidate, text))
        self._add("programs", row, f"program {fingerprint}", fingerprint=fingerprint)

    def add_evaluation(self, fingerprint: str, evaluation: Evaluation) -> None:
        """Record a program's evaluation at a stage.

        Raises:
            RunError: if the run already has another one.
        """
        row, results = seal_evaluation(fingerprint, evaluation)
        name, key = f"evaluation of program {fingerprint}", {"fingerprint": fingerprint, "stage": row[1]}
        with self.together():
            if self._add("evaluations", row, name, **key):
                self._write("DELETE FROM results WHERE fingerprint = ? AND stage = ?", [row[:2]])  # of no evaluation
                self._write(_insert("results", 10), results)

    def add_time(self, candidate: int, seconds: float) -> None:
        """Record after how many seconds of searching a candidate was told."""
        self._write(_insert(TIMES, 2, "OR REPLACE"), [(candidate, seconds)])

    def add_condition(self, row: ConditionRow) -> None:
        """Record a condition that holds from a candidate on, in place of what was said of that candidate before."""
        self._write(_insert("conditions", 5, "OR REPLACE"), [seal(row)])

    def _add(self, table: str, row: Row, name: str, **key: Any) -> bool:
        """Insert a row; return False if it is there already."""
        where = " AND ".join(f"{column} = ?" for column in key)
        stored = self.fetch(f"SELECT * FROM {table} WHERE {where}", tuple(key.values()))
        if not stored:
            self._write(_insert(table, len(row)), [row])
        elif stored[0] != row:
            if table != "evaluations":  # which were compared with their digests when they were loaded
                with self.sound():
                    check_seal(table, name, stored[0])
            raise RunError(
                f"{self.folder}: {name} is {row[:-1]} now and was {stored[0][:-1]} when it was stored: this is not the"
                " search that was stored, by another config.json or another lionsearch; nothing was changed"
            )
        return not stored

    def _write(self, statement: str, rows: Sequence[Row]) -> None:
        with usable(self.folder):
            self._database.executemany(statement, rows)

    def flush(self) -> None:
        """Make what was added so far durable.

        Raises:
            RunError: if it cannot be written.
        """
        with usable(self.folder):
            self._database.commit()

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
        rows = self.fetch("SELECT * FROM conditions WHERE subject != ? ORDER BY candidate, subject, name", _CONFIG[:1])
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
                if (table, row[1]) != ("conditions", _CONFIG[0]):
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

    def discard_if_empty(self) -> None:
        """Remove the run, and its folder if nothing else is in it, if no candidate was ever told."""
        if self.counts()["generated"] == 0:
            for path in (*self.folder.glob(f"{DATABASE}*"), self.folder / CONFIG, self.folder / "lock"):
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    def close(self) -> None:
        """Write what is left and free the folder; a second time, do nothing.

        Raises:
            RunError: if it cannot be written; the folder is free all the same.
        """
        if not self._is_open:
            return
        self._is_open = False
        try:
            self.flush()
        finally:
            self._database.close()
            if self._lock is not None:
                self._lock.release()
                self._lock = None


def _insert(table: str, columns: int, conflict: str = "") -> str:
    return f"INSERT {conflict} INTO {table} VALUES ({', '.join('?' * columns)})"
