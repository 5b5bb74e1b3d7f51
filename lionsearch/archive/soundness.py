"""A run's folder -> what in it is as it was written, and a new folder with that.

Every row is read with its digest, every program is parsed and has its fingerprint, and rows that belong together are
there. What is saved are the candidates before the first that is not sound, and all sound evaluations: resuming the new
run generates the rest again, and trains only for what is missing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lionsearch.archive.folder import check_run_folder, usable
from lionsearch.archive.rows import (
    CandidateRow,
    ConditionRow,
    DamagedRowError,
    ProgramRow,
    Row,
    open_candidate,
    open_condition,
    open_evaluation,
    open_program,
    open_time,
)
from lionsearch.archive.store import RunStore
from lionsearch.archive.tables import TIMES, UNREADABLE, describe_damage, open_database
from lionsearch.errors import LionSearchError
from lionsearch.graph import check_program, fingerprint
from lionsearch.records import Evaluation, Stage

T = TypeVar("T")


@dataclass(slots=True)
class _Contents:
    """The sound rows of a run, and a sentence for each fault."""

    candidates: dict[int, CandidateRow] = field(default_factory=dict)
    programs: dict[str, ProgramRow] = field(default_factory=dict)
    evaluations: list[tuple[str, Evaluation]] = field(default_factory=list)
    conditions: list[ConditionRow] = field(default_factory=list)
    times: dict[int, float] = field(default_factory=dict)
    last: int = -1
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Soundness:
    """What of a run is as it was written.

    Attributes:
        candidates: that were told, sound or not.
        sound: those whose row, program and evaluation in the search are sound.
        first: how many come before the first that is not sound.
        evaluations: the sound ones, of all stages.
        lost: those among them that the system failed; they are sound, and part of the run.
        faults: a sentence for each; none if the run is sound.
    """

    candidates: int
    sound: int
    first: int
    evaluations: int
    lost: int
    faults: tuple[str, ...]


def examine_run(folder: Path) -> Soundness:
    """Return what of a run is sound; it may go on meanwhile.

    Raises:
        RunError: if nothing can be read.
    """
    return _judge(_read(folder))


def save_sound(folder: Path, target: Path, config: str) -> Soundness:
    """Make a new run folder with what is sound; return what was.

    Args:
        folder: of the damaged run.
        target: must not exist, or be empty.
        config: the run's configuration.

    Raises:
        RunError: if nothing can be read, or there is something at the target's place.
    """
    contents = _read(folder)
    found = _judge(contents)
    store = RunStore.create(target, config)
    for number in range(found.first):
        store.add_candidate(contents.candidates[number])
    for program in contents.programs.values():
        if program.candidate < found.first:
            store.add_program(program.fingerprint, program.candidate, program.text)
    for name, evaluation in contents.evaluations:
        store.add_evaluation(name, evaluation)
    for condition in contents.conditions:
        if condition.candidate <= found.first:
            store.add_condition(condition)
    for candidate, seconds in contents.times.items():
        if candidate < found.first:
            store.add_time(candidate, seconds)
    store.close()
    return found


def _judge(contents: _Contents) -> Soundness:
    count = contents.last + 1
    good = _sound_numbers(contents)
    first = next((number for number in range(count) if number not in good), count)
    lost = sum(evaluation.lost for _, evaluation in contents.evaluations)
    return Soundness(count, len(good), first, len(contents.evaluations), lost, tuple(contents.faults))


def _sound_numbers(contents: _Contents) -> set[int]:
    """Return the candidates of which everything is sound; a fault for each that lacks a row."""
    searched = {name for name, evaluation in contents.evaluations if evaluation.stage is Stage.SEARCH}
    good = set()
    for number in range(contents.last + 1):
        row = contents.candidates.get(number)
        program = None if row is None else contents.programs.get(row.fingerprint)
        if row is not None and program is not None and program.candidate <= number and row.fingerprint in searched:
            good.add(number)
        elif not contents.faults:
            contents.faults.append(f"candidate {number}: it, its program or its evaluation is not there")
    return good


def _read(folder: Path) -> _Contents:
    check_run_folder(folder)
    with usable(folder):
        database = open_database(folder, writable=False)
        database.execute("BEGIN")  # one state of a run that goes on
    contents = _Contents()
    try:
        _read_tables(database, contents)
    finally:
        database.close()
    return contents


def _read_tables(database: sqlite3.Connection, contents: _Contents) -> None:
    faults = contents.faults
    for row in _scan(database, "candidates", faults):
        contents.last = max(contents.last, row[0])
        if (candidate := _try(open_candidate, faults, row)) is not None:
            contents.candidates[candidate.number] = candidate
    for row in _scan(database, "programs", faults):
        if (program := _try(_parse_program, faults, row)) is not None:
            contents.programs[program.fingerprint] = program
    results: dict[tuple[Any, Any], list[Row]] = {}
    for row in _scan(database, "results", faults):
        results.setdefault((row[0], row[1]), []).append(row)
    for row in _scan(database, "evaluations", faults):
        of_it = sorted(results.get((row[0], row[1]), []), key=lambda result: repr(result[2]).zfill(9))
        if (evaluation := _try(lambda each, those=of_it: open_evaluation(each, those), faults, row)) is not None:
            contents.evaluations.append(evaluation)
    for row in _scan(database, "conditions", faults):
        if (condition := _try(open_condition, faults, row)) is not None:
            contents.conditions.append(condition)
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TIMES,)).fetchall():
        found = [_try(open_time, faults, row) for row in _scan(database, TIMES, faults)]
        contents.times = dict(row for row in found if row is not None)
    contents.conditions.sort(key=lambda condition: condition.candidate)


def _scan(database: sqlite3.Connection, table: str, faults: list[str]) -> Iterator[Row]:
    """Yield a table's rows as far as they can be read, without an index."""
    try:
        yield from database.execute(f"SELECT * FROM {table} NOT INDEXED")
    except UNREADABLE as error:
        faults.append(f"table {table}: what follows cannot be read: {describe_damage(error)}")


def _try(opened: Callable[[Row], T], faults: list[str], row: Row) -> T | None:
    try:
        return opened(row)
    except DamagedRowError as error:
        faults.append(str(error))
        return None


def _parse_program(row: Row) -> ProgramRow:
    """Return a program whose text computes what its fingerprint says."""
    program = open_program(row)
    try:
        found = fingerprint(check_program(program.text))
    except LionSearchError as error:
        raise DamagedRowError(f"program {program.fingerprint}, of candidate {program.candidate}: {error}") from None
    if found != program.fingerprint:
        raise DamagedRowError(
            f"program {program.fingerprint}, of candidate {program.candidate}: its text has fingerprint {found}"
        )
    return program
