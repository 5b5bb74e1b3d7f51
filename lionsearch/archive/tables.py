"""The tables of a run's database, and how a folder's database is opened.

Invariant: a database of another format is refused as it is opened, and nothing in it is touched.
"""

from __future__ import annotations

import contextlib
import sqlite3
from functools import cache
from pathlib import Path

DATABASE = "run.sqlite"

FORMAT = 2
"""Counts the changes of the tables; a database of before there was one has 0."""

TABLES = ("candidates", "programs", "evaluations", "results", "conditions")
"""What two runs are compared by."""

TIMES = "times"
"""When each candidate was told. It depends on the machine, so it is none of them; runs of before it have none."""

_SCHEMA = f"""
CREATE TABLE candidates (
    number INTEGER PRIMARY KEY, parent INTEGER, change TEXT NOT NULL, fingerprint TEXT NOT NULL,
    statements INTEGER NOT NULL, live_statements INTEGER NOT NULL, digest TEXT NOT NULL);
CREATE TABLE programs (
    fingerprint TEXT PRIMARY KEY, first_candidate INTEGER NOT NULL, text TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE evaluations (
    fingerprint TEXT NOT NULL, stage TEXT NOT NULL, score REAL, rounds TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (fingerprint, stage));
CREATE TABLE results (
    fingerprint TEXT NOT NULL, stage TEXT NOT NULL, position INTEGER NOT NULL, task TEXT NOT NULL,
    loss REAL, score REAL, failure TEXT, detail TEXT, metrics TEXT NOT NULL, scores TEXT NOT NULL,
    PRIMARY KEY (fingerprint, stage, position));
CREATE TABLE conditions (
    candidate INTEGER NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (candidate, subject, name));
PRAGMA user_version = {FORMAT};
"""

_SCHEMA_OF_TIMES = f"CREATE TABLE IF NOT EXISTS {TIMES} (candidate INTEGER PRIMARY KEY, seconds REAL NOT NULL);"

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged database raises; the second where SQLite quotes what is no text."""


def create_database(folder: Path) -> sqlite3.Connection:
    """Return a new database of a folder, with empty tables, open for writing."""
    database = _prepare(sqlite3.connect(folder / DATABASE))
    _prepare_writing(database)
    database.executescript(f"BEGIN; {_SCHEMA} {_SCHEMA_OF_TIMES} COMMIT;")
    return database


def open_database(folder: Path, *, writable: bool) -> sqlite3.Connection:
    """Return a folder's database.

    Raises:
        sqlite3.Error: saying why it cannot be used.
    """
    mode = "rw" if writable else "ro"
    database = _prepare(sqlite3.connect(f"{(folder / DATABASE).absolute().as_uri()}?mode={mode}", uri=True))
    try:
        found = database.execute("PRAGMA user_version").fetchone()[0]
        if found != FORMAT:
            raise sqlite3.DatabaseError(
                f"its format is {found}, this lionsearch has format {FORMAT}; use the version that made the run"
            )
        if _list_tables(database) not in _expected_tables():
            raise sqlite3.DatabaseError("its tables are not those of a run")
        if writable:
            _prepare_writing(database)
            database.execute(_SCHEMA_OF_TIMES)
    except UNREADABLE:
        database.close()
        raise
    return database


def describe_damage(error: Exception) -> str:
    """Return what SQLite says, on one line."""
    return "it is damaged" if isinstance(error, UnicodeDecodeError) else " ".join(str(error).split())


def _list_tables(database: sqlite3.Connection) -> list[tuple[str, ...]]:
    return database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql NOT NULL ORDER BY name").fetchall()


@cache
def _expected_tables() -> tuple[list[tuple[str, ...]], ...]:
    """Return the tables of a run, without and with times."""
    found: list[list[tuple[str, ...]]] = []
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        for schema in (_SCHEMA, _SCHEMA_OF_TIMES):
            database.executescript(schema)
            found.append(_list_tables(database))
    return tuple(found)


def _prepare(database: sqlite3.Connection) -> sqlite3.Connection:
    """Let text that is not UTF-8 be read, so that the row can be named whose digest it does not fit."""
    database.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return database


def _prepare_writing(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
