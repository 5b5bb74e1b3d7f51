"""What a run has seen, in one SQLite database (WAL): every candidate, unique program and evaluation.

Rows are written in the order in which results are told, a batch at a time; a process that is killed loses at most
the last batch, which `resume` computes again to the same rows. Nothing in the tables depends on time or workers, so
an interrupted and resumed run ends with the same contents as one that was never killed.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from lionsearch.errors import FolderTakenError, RunError
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult

DATABASE = "run.sqlite"
CONFIG = "config.json"
_BEFORE_CONFIG = ("lock", DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal", f"{CONFIG}.new")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS candidates (
    number INTEGER PRIMARY KEY, parent INTEGER, change TEXT NOT NULL, fingerprint TEXT NOT NULL,
    statements INTEGER NOT NULL, live_statements INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS programs (
    fingerprint TEXT PRIMARY KEY, first_candidate INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS evaluations (
    fingerprint TEXT NOT NULL, stage TEXT NOT NULL, score REAL, rounds TEXT NOT NULL,
    PRIMARY KEY (fingerprint, stage));
CREATE TABLE IF NOT EXISTS results (
    fingerprint TEXT NOT NULL, stage TEXT NOT NULL, position INTEGER NOT NULL, task TEXT NOT NULL,
    loss REAL, score REAL, failure TEXT, detail TEXT, metrics TEXT NOT NULL, scores TEXT NOT NULL,
    PRIMARY KEY (fingerprint, stage, position));
"""


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A told candidate.

    Attributes:
        number: from 0, in the order asked.
        parent: the number of its parent, if it has one.
        change: the mutation that made it.
        fingerprint: of its program.
        statements: dead ones included.
        live_statements: without the dead ones.
    """

    number: int
    parent: int | None
    change: str
    fingerprint: str
    statements: int
    live_statements: int


@dataclass(frozen=True, slots=True)
class ScoredProgram:
    """A unique program with its evaluation at one stage.

    Attributes:
        fingerprint: its name in the run.
        candidate: the number of the candidate that had it first.
        text: the program without dead code.
        statements: that it has.
        evaluation: at the stage asked for.
    """

    fingerprint: str
    candidate: int
    text: str
    statements: int
    evaluation: Evaluation


class RunStore:
    """A run folder's database. Open one for writing with `create` or `resume`, for reading with `read`.

    Args:
        folder: the run folder.
        writable: takes the folder's lock, which the operating system frees when the process ends however it ends.

    Raises:
        RunError: if the folder is no run folder, or another process is writing it.
    """

    def __init__(self, folder: Path, *, writable: bool):
        self.folder = folder
        self._lock = _take_lock(folder) if writable else None
        try:
            if writable:
                self._database = sqlite3.connect(folder / DATABASE)
                self._database.execute("PRAGMA journal_mode=WAL")
                self._database.execute("PRAGMA synchronous=NORMAL")
                self._database.executescript(_SCHEMA)
            else:
                self._database = sqlite3.connect(f"{(folder / DATABASE).absolute().as_uri()}?mode=ro", uri=True)
            self._database.execute("SELECT count(*) FROM candidates")
            self._database.execute("SELECT rounds FROM evaluations LIMIT 1")  # not there before version 0.3
        except sqlite3.Error as error:
            self._release()
            raise RunError(f"{folder}: its database {DATABASE} cannot be used: {error}") from None

    @classmethod
    def create(cls, folder: Path, config: str) -> RunStore:
        """Make a new run folder.

        Args:
            folder: must not exist, be empty, or hold what a run left that died before its configuration was written.
            config: the resolved configuration, JSON.

        Raises:
            FolderTakenError: if there is something at the folder's place, or another process came first.
            RunError: if it cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _check_free(folder)
            store = cls(folder, writable=True)  # which of several processes has the lock has the folder
            try:
                _check_free(folder)
            except RunError:
                store.close()
                raise
            temporary = folder / f"{CONFIG}.new"
            temporary.write_text(config, encoding="utf-8")
            temporary.rename(folder / CONFIG)
        except OSError as error:
            raise RunError(f"{folder}: cannot be made a run folder: {error.strerror}") from None
        return store

    @classmethod
    def resume(cls, folder: Path) -> RunStore:
        """Open a run folder for writing."""
        check_run_folder(folder)
        return cls(folder, writable=True)

    @classmethod
    def read(cls, folder: Path) -> RunStore:
        """Open a run folder for reading, also while another process writes it."""
        check_run_folder(folder)
        return cls(folder, writable=False)

    def read_config(self) -> str:
        """Return the resolved configuration, JSON."""
        try:
            return (self.folder / CONFIG).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"{self.folder}: its {CONFIG} cannot be read: {error}") from None

    def add_candidate(self, row: CandidateRow) -> None:
        """Record a told candidate; written at the next `flush`.

        Raises:
            RunError: if the run already has another candidate of that number: this is not the run that was stored.
        """
        values = astuple(row)
        stored = self._database.execute("SELECT * FROM candidates WHERE number = ?", (row.number,)).fetchone()
        if stored is None:
            self._database.execute("INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?)", values)
        elif stored != values:
            raise RunError(f"{self.folder}: candidate {row.number} is {values} now and was {stored} when it was stored")

    def add_program(self, fingerprint: str, candidate: int, text: str) -> None:
        """Record a unique program."""
        self._database.execute("INSERT OR IGNORE INTO programs VALUES (?, ?, ?)", (fingerprint, candidate, text))

    def add_evaluation(self, fingerprint: str, evaluation: Evaluation) -> None:
        """Record a program's evaluation at a stage."""
        stage = str(evaluation.stage)
        self._database.executemany(
            "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (fingerprint, stage, position, *_result_columns(result))
                for position, result in enumerate(evaluation.results)
            ],
        )
        # last, so that an interrupted call leaves no evaluation without its results
        self._database.execute(
            "INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)",
            (fingerprint, stage, evaluation.score, json.dumps(evaluation.rounds)),
        )

    def flush(self) -> None:
        """Make what was added so far durable."""
        self._database.commit()

    def evaluations(self, stage: Stage) -> dict[str, Evaluation]:
        """Return every evaluation of a stage by fingerprint; those that the system failed are not among them."""
        results: dict[str, list[TaskResult]] = {}
        rows = self._database.execute(
            "SELECT fingerprint, task, loss, score, failure, detail, metrics, scores FROM results WHERE stage = ?"
            " ORDER BY fingerprint, position",
            (str(stage),),
        )
        for fingerprint, *columns in rows:
            results.setdefault(fingerprint, []).append(_result_from_columns(*columns))
        rows = self._database.execute(
            "SELECT fingerprint, score, rounds FROM evaluations WHERE stage = ?", (str(stage),)
        )
        found = {
            name: Evaluation(stage, score, tuple(results.get(name, ())), tuple(json.loads(rounds)))
            for name, score, rounds in rows
        }
        return {name: e for name, e in found.items() if e.failure is None or not e.failure.kind.is_system}

    def leaderboard(self, stage: Stage) -> list[ScoredProgram]:
        """Return the scored programs of a stage, best first; earlier candidates first among equals."""
        rows = self._database.execute(
            "SELECT programs.fingerprint, first_candidate, text, live_statements"
            " FROM evaluations JOIN programs USING (fingerprint) JOIN candidates ON number = first_candidate"
            " WHERE stage = ? AND score IS NOT NULL ORDER BY score DESC, first_candidate",
            (str(stage),),
        ).fetchall()
        evaluations = self.evaluations(stage)
        return [
            ScoredProgram(name, number, text, statements, evaluations[name]) for name, number, text, statements in rows
        ]

    def lineage(self, candidate: int) -> list[CandidateRow]:
        """Return the candidate and its ancestors, the candidate first."""
        found: list[CandidateRow] = []
        number: int | None = candidate
        while number is not None:
            row = self._database.execute("SELECT * FROM candidates WHERE number = ?", (number,)).fetchone()
            if row is None:
                break
            found.append(CandidateRow(*row))
            number = row[1]
        return found

    def program_text(self, candidate: int) -> str | None:
        """Return the program of a candidate, without dead code."""
        row = self._database.execute(
            "SELECT text FROM programs JOIN candidates USING (fingerprint) WHERE number = ?", (candidate,)
        ).fetchone()
        return None if row is None else row[0]

    def counts(self) -> dict[str, int]:
        """Return how many candidates were told, and what they consisted of."""
        generated, statements, live = self._database.execute(
            "SELECT count(*), total(statements), total(live_statements) FROM candidates"
        ).fetchone()
        unique = self._database.execute("SELECT count(*) FROM programs").fetchone()[0]
        evaluated = self._database.execute("SELECT count(*) FROM evaluations WHERE stage = 'search'").fetchone()[0]
        return {
            "generated": generated,
            "unique": unique,
            "evaluated": evaluated,
            "statements": int(statements),
            "live_statements": int(live),
        }

    def failures(self) -> dict[str, int]:
        """Return how many unique programs failed in the search, by kind of failure."""
        return dict(
            self._database.execute(
                "SELECT failure, count(*) FROM results WHERE stage = 'search' AND failure IS NOT NULL"
                " GROUP BY failure ORDER BY count(*) DESC"
            )
        )

    def rows(self) -> Iterator[tuple[str, tuple[object, ...]]]:
        """Yield every row of every table, sorted: the contents by which two runs are compared."""
        for table in ("candidates", "programs", "evaluations", "results"):
            for row in self._database.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3"):
                yield table, row

    def discard_if_empty(self) -> None:
        """Remove the run, and its folder if nothing else is in it, if no candidate was ever told."""
        if self.counts()["generated"] == 0:
            for path in (*self.folder.glob(f"{DATABASE}*"), self.folder / CONFIG, self.folder / "lock"):
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    def close(self) -> None:
        """Write what is left and free the folder."""
        self._database.commit()
        self._database.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def check_run_folder(folder: Path) -> None:
    """Raise unless the folder is a run folder.

    Raises:
        RunError: naming what is missing.
    """
    try:
        found, is_file = folder.is_dir(), folder.is_file()
    except OSError:  # such as a name longer than the file system allows
        found = is_file = False
    if not found:
        raise RunError(f"{folder}: {'this is a file; expected a run folder' if is_file else 'there is no such folder'}")
    for name in (CONFIG, DATABASE):
        if not (folder / name).is_file():
            raise RunError(f"{folder}: not a run folder; {name} is not in it")


def _check_free(folder: Path) -> None:
    """Raise if the folder holds anything but what is written before a run's configuration."""
    if any(path.name not in _BEFORE_CONFIG for path in folder.iterdir()):
        resumes = f", or run: lionsearch resume {folder}" if (folder / CONFIG).is_file() else ""
        raise FolderTakenError(f"{folder}: the folder is not empty; choose another{resumes}")


def _take_lock(folder: Path) -> FileLock:
    """Return the folder's lock, taken; the operating system frees it when the process ends however it ends."""
    lock = FileLock(folder / "lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise FolderTakenError(f"{folder}: another process is writing this run") from None
    except OSError as error:
        raise RunError(f"{folder}: its lock cannot be opened: {error.strerror}") from None
    return lock


def _result_columns(result: TaskResult) -> tuple[object, ...]:
    kind, detail = (None, None) if result.failure is None else (str(result.failure.kind), result.failure.detail)
    return result.task, result.loss, result.score, kind, detail, json.dumps(result.metrics), json.dumps(result.scores)


def _result_from_columns(
    task: str, loss: float | None, score: float | None, kind: str | None, detail: str | None, metrics: str, scores: str
) -> TaskResult:
    failure = None if kind is None else Failure(FailureKind(kind), detail or "")
    measured = tuple((name, value) for name, value in json.loads(metrics))
    return TaskResult(task, loss, score, failure, measured, tuple(json.loads(scores)))
