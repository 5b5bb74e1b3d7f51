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
from lionsearch.archive.reading import CONFIG_ROW, StoredRun
from lionsearch.archive.rows import (
    CandidateRow,
    ConditionRow,
    ProgramRow,
    Row,
    check_seal,
    digest_text,
    open_condition,
    seal,
    seal_evaluation,
)
from lionsearch.archive.tables import DATABASE, TIMES, create_database, open_database
from lionsearch.errors import RunError
from lionsearch.records import Evaluation


class RunStore(StoredRun):
    """The store of one run folder; made by `create`, `resume` or `read`.

    Args:
        folder: of the run.
        database: open.
        lock: of the folder, for a store that may write.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection, lock: FileLock | None = None):
        super().__init__(folder, database)
        self._lock = lock
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
        rows = self.fetch("SELECT * FROM conditions WHERE subject = ? AND name = ?", CONFIG_ROW)
        with self.sound():
            return open_condition(rows[0]).value if rows else ""

    def _note_config(self, digest: str) -> None:
        self.add_condition(ConditionRow(0, *CONFIG_ROW, digest))
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
