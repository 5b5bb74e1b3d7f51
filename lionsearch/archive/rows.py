"""Records <-> rows of the database. A row carries a digest of its content, an evaluation's one of its results too.

Invariant: what is read is what was written, or a `DamagedRowError` names the row. A digest keeps out flipped bits, not
somebody who computes it anew: types are checked as well. Not-a-number is stored as no number, as SQLite has it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from lionsearch.errors import one_line
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult

Row = tuple[Any, ...]


class DamagedRowError(ValueError):
    """A row that is not as it was written; the message names it."""


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
class ProgramRow:
    """A unique program.

    Attributes:
        fingerprint: its name in the run.
        candidate: the number of the candidate that had it first.
        text: the program without dead code.
    """

    fingerprint: str
    candidate: int
    text: str


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """Something outside the run that its scores depend on.

    Attributes:
        candidate: the first that was evaluated under it.
        subject: what it is a condition of: `task`, `operation` or `version`.
        name: which one.
        value: a digest, or a version.
    """

    candidate: int
    subject: str
    name: str
    value: str


class SearchedRow(NamedTuple):
    """A told candidate with what came of its program in the search, for overviews: it is not compared with a digest.

    Attributes:
        number: from 0, in the order asked.
        parent: the number of its parent, if it has one.
        change: the mutation that made it.
        fingerprint: of its program.
        statements: dead ones included.
        live_statements: without the dead ones.
        score: the mean over the tasks and the seeds; None after a failure.
        seeds: trainings on each task that the score is the mean of.
        trainings: begun for it; 0 of a candidate whose program was known.
        failure: the kind; None if there was none.
    """

    number: int
    parent: int | None
    change: str
    fingerprint: str
    statements: int
    live_statements: int
    score: float | None
    seeds: int
    trainings: int
    failure: FailureKind | None


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


_TABLES = {CandidateRow: "candidates", ProgramRow: "programs", ConditionRow: "conditions"}


def seal(record: CandidateRow | ProgramRow | ConditionRow) -> Row:
    """Return a record's row, with its digest."""
    values = tuple([getattr(record, name) for name in record.__slots__])
    return (*values, _digest(_TABLES[type(record)], values))


def seal_evaluation(fingerprint: str, evaluation: Evaluation) -> tuple[Row, list[Row]]:
    """Return an evaluation's row, and those of its results."""
    stage = str(evaluation.stage)
    results = [
        (fingerprint, stage, position, *_result_columns(result)) for position, result in enumerate(evaluation.results)
    ]
    values = (fingerprint, stage, _number(evaluation.score), json.dumps(evaluation.rounds))
    return (*values, _digest("evaluations", [*values, results])), results


def open_candidate(row: Row) -> CandidateRow:
    """Return a candidate; its parent came before it."""
    name = f"candidate {_shown(row[0])}"
    number, parent, change, fingerprint, statements, live = _open("candidates", name, row)
    _check(name, all(map(_is_count, (number, statements, live))) and all(map(_is_text, (change, fingerprint))))
    if parent is not None and not (_is_count(parent) and parent < number):
        raise DamagedRowError(f"{name}: its parent is {_shown(parent)}; expected a candidate before it")
    return CandidateRow(number, parent, change, fingerprint, statements, live)


def open_program(row: Row) -> ProgramRow:
    """Return a program."""
    name = f"program {_shown(row[0])}, of candidate {_shown(row[1])}"
    fingerprint, candidate, text = _open("programs", name, row)
    _check(name, _is_count(candidate) and all(map(_is_text, (fingerprint, text))))
    return ProgramRow(fingerprint, candidate, text)


def open_condition(row: Row) -> ConditionRow:
    """Return a condition."""
    name = f"condition {_shown(row[1])} {_shown(row[2])} of candidate {_shown(row[0])}"
    candidate, *texts = _open("conditions", name, row)
    _check(name, _is_count(candidate) and all(map(_is_text, texts)))
    return ConditionRow(candidate, *texts)


def open_evaluation(row: Row, results: Sequence[Row]) -> tuple[str, Evaluation]:
    """Return a program's fingerprint and its evaluation, of the evaluation's row and those of its results."""
    name = f"evaluation of program {_shown(row[0])} at stage {_shown(row[1])}"
    *values, digest = row
    if digest != _digest("evaluations", [*values, results]):
        raise DamagedRowError(f"{name}: its digest does not fit it and its results")
    fingerprint, stage, score, rounds = values
    try:
        _check(name, _is_text(fingerprint) and _is_optional_float(score))
        return fingerprint, Evaluation(
            Stage(stage), score, tuple(_open_result(name, *result[3:]) for result in results), _floats(name, rounds)
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise (
            error if isinstance(error, DamagedRowError) else DamagedRowError(f"{name}: {one_line(str(error))}")
        ) from None


def open_rounds(row: Row) -> tuple[str, int, tuple[float, ...]]:
    """Return fingerprint, live statements and rounds of an evaluation, of which no more is compared than the types."""
    name, live, rounds = row
    shown = f"evaluation of program {_shown(name)}"
    _check(shown, _is_text(name) and _is_count(live))
    return name, live, _floats(shown, rounds)


def open_score(row: Row) -> tuple[float | None, int]:
    """Return the score of an evaluation's fingerprint and rounds, and of how many seeds it is the mean."""
    name, rounds = row
    scores = () if rounds == "[]" else _floats(f"evaluation of program {_shown(name)}", rounds)
    return fmean(scores) if scores else None, len(scores)


def open_spent(row: Row) -> tuple[int, FailureKind | None]:
    """Return the trainings and the failure of a fingerprint and what its results amount to."""
    name, trainings, failure = row
    if not _is_count(trainings):
        _check(f"results of program {_shown(name)}", False)
    return trainings, None if failure is None else FailureKind(failure)


def open_searched(
    row: Row, score: tuple[float | None, int], trainings: int, failure: FailureKind | None
) -> SearchedRow:
    """Return a candidate with what came of it, of which no more is compared than the types."""
    number, parent, change, fingerprint, statements, live = row
    types = type(number), type(statements), type(live), type(change)
    if types != (int, int, int, str) or not (parent is None or (type(parent) is int and 0 <= parent < number)):
        _check(f"candidate {_shown(number)}", False)
    return SearchedRow(number, parent, change, fingerprint, statements, live, *score, trainings, failure)


def open_time(row: Row) -> tuple[int, float]:
    """Return a candidate's number and after how many seconds it was told; such a row has no digest."""
    number, seconds = row
    _check(
        f"time of candidate {_shown(number)}",
        _is_count(number) and isinstance(seconds, float) and 0 <= seconds < math.inf,
    )
    return number, seconds


def check_seal(table: str, name: str, row: Row) -> None:
    """Raise if a row of a table, of which messages speak by this name, does not fit its digest."""
    *values, digest = row
    if digest != _digest(table, values):
        raise DamagedRowError(f"{name}: its digest does not fit it")


def _open(table: str, name: str, row: Row) -> Row:
    check_seal(table, name, row)
    return row[:-1]


def _digest(table: str, values: Sequence[Any]) -> str:
    """Return the digest of a row; what JSON does not know is no content of a row."""
    return hashlib.blake2b(json.dumps([table, *values], default=repr).encode(), digest_size=8).hexdigest()


def digest_text(text: str) -> str:
    """Return a digest by which damage to a text is seen."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _check(name: str, sound: bool) -> None:
    if not sound:
        raise DamagedRowError(f"{name}: a value is of another type than is written")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: Any) -> bool:
    """Return whether it is text, and was UTF-8."""
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeEncodeError:
        return False


def _is_optional_float(value: Any) -> bool:
    return value is None or isinstance(value, float)


def _shown(value: Any) -> str:
    """Return a value as a message has it: on one line, and not long."""
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _result_columns(result: TaskResult) -> Row:
    kind, detail = (None, None) if result.failure is None else (str(result.failure.kind), result.failure.detail)
    numbers = (_number(result.loss), _number(result.score))
    return result.task, *numbers, kind, detail, json.dumps(result.metrics), json.dumps(result.scores)


def _open_result(name: str, task: Any, loss: Any, score: Any, kind: Any, detail: Any, *lists: Any) -> TaskResult:
    sound = _is_text(task) and _is_optional_float(loss) and _is_optional_float(score)
    _check(name, sound and (kind is None or _is_text(detail)))
    failure = None if kind is None else Failure(FailureKind(kind), detail)
    metrics, scores = lists
    measured = []
    for pair in _list(name, metrics):
        _check(name, isinstance(pair, list) and len(pair) == 2 and _is_text(pair[0]))
        measured.append((pair[0], *_all_floats(name, pair[1:])))
    return TaskResult(task, loss, score, failure, tuple(measured), _floats(name, scores))


def _floats(name: str, text: Any) -> tuple[float, ...]:
    return _all_floats(name, _list(name, text))


def _all_floats(name: str, values: list[Any]) -> tuple[float, ...]:
    _check(name, all(type(value) in (int, float) for value in values))
    return tuple(float(value) for value in values)


def _list(name: str, text: Any) -> list[Any]:
    found = json.loads(text) if isinstance(text, str) else None
    _check(name, isinstance(found, list))
    return found if isinstance(found, list) else []
