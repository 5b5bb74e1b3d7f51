import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lionsearch.archive.rows import (
    CandidateRow,
    ConditionRow,
    DamagedRowError,
    ProgramRow,
    _digest,
    check_seal,
    open_candidate,
    open_condition,
    open_evaluation,
    open_program,
    seal,
    seal_evaluation,
)
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult

RECORDS = [
    (CandidateRow(7, 3, "splice", "f7", 9, 5), open_candidate, "candidates", "candidate 7"),
    (CandidateRow(0, None, "initial", "f0", 9, 5), open_candidate, "candidates", "candidate 0"),
    (ProgramRow("f7", 7, "def train\n"), open_program, "programs", "program f7, of candidate 7"),
    (ConditionRow(3, "task", "digits", "c0ffee"), open_condition, "conditions", "condition task digits of candidate 3"),
]
SCORED = Evaluation(
    Stage.CONFIRM,
    -math.inf,
    (TaskResult("a", 1 / 3, 0.7, None, (("accuracy", 0.1), ("é", -0.0)), (0.1, 1e-300)), TaskResult("b", 2.0, 0.5)),
    (0.3, -math.inf),
)
FAILED = Evaluation(Stage.SEARCH, None, (TaskResult("a", failure=Failure(FailureKind.TIMEOUT, "late")),))
ODD = (None, -1, 2**62, 0.5, "x", "\udc80", b"\x80", b"", "", math.inf)


def _attempt(opens, *rows):
    """What is opened, or what the error says."""
    try:
        return opens(*rows)
    except DamagedRowError as error:
        return str(error)


@pytest.mark.parametrize(("record", "opens"), [row[:2] for row in RECORDS])
def test_a_record_comes_back(record, opens):
    assert opens(seal(record)) == record


@pytest.mark.parametrize("evaluation", [SCORED, FAILED])
def test_an_evaluation_comes_back(evaluation):
    assert open_evaluation(*seal_evaluation("f", evaluation)) == ("f", evaluation)


def test_not_a_number_is_no_number():
    row, results = seal_evaluation("f", replace(SCORED, score=math.nan, results=(TaskResult("a", math.nan, 1),)))
    assert (row[2], results[0][4], results[0][5]) == (None, None, 1.0)


@pytest.mark.parametrize(("record", "opens", "table", "name"), RECORDS)
def test_a_changed_row_is_named(record, opens, table, name):
    row = seal(record)
    check_seal(table, name, row)
    for place in range(len(row)):
        for value in ODD:
            changed = (*row[:place], value, *row[place + 1 :])
            if changed != row and not (place == 0 and table == "candidates" and not isinstance(value, int)):
                with pytest.raises(DamagedRowError, match="digest does not fit"):
                    opens(changed)
    with pytest.raises(DamagedRowError, match=f"^{name}: its digest does not fit it$"):
        opens((*row[:-1], "0" * 16))


@pytest.mark.parametrize(("record", "opens", "table", "name"), RECORDS)
def test_a_changed_row_with_a_fitting_digest_is_a_record_or_named(record, opens, table, name):
    row = seal(record)
    for place in range(len(row) - 1):
        for value in ODD:
            changed = [*row[:place], value, *row[place + 1 : -1]]
            found = _attempt(opens, (*changed, _digest(table, changed)))
            if isinstance(found, str):
                assert "\n" not in found
            else:
                assert all(isinstance(each, str | int | None) for each in changed)
                assert isinstance(found, type(record))


@pytest.mark.parametrize("parent", [7, 8, -1, "3", 0.5])
def test_a_parent_comes_before_its_child(parent):
    values = [7, parent, "splice", "f7", 9, 5]
    with pytest.raises(DamagedRowError, match=r"candidate 7: its parent is .*; expected a candidate before it"):
        open_candidate((*values, _digest("candidates", values)))


JUNK = ["", "[", "3", "null", "[null]", "[true]", '["0.5"]', '[["accuracy"]]', "[[1, 2]]", '{"a": 1}', "[" * 10**5]
RESULT_COLUMNS = range(3, 10)


@pytest.mark.parametrize("value", [*ODD, *JUNK], ids=lambda value: repr(value)[:20])
def test_a_changed_evaluation_with_a_fitting_digest_is_one_or_named(value):
    for evaluation in (SCORED, FAILED):
        row, results = seal_evaluation("f", evaluation)
        for place in range(1, 4):
            _open_or_named([*row[:place], value, *row[place + 1 : -1]], results)
        for place in RESULT_COLUMNS:
            _open_or_named(list(row[:-1]), [(*results[0][:place], value, *results[0][place + 1 :]), *results[1:]])


def _open_or_named(values, results):
    found = _attempt(open_evaluation, (*values, _digest("evaluations", [*values, results])), results)
    if isinstance(found, str):
        assert found.startswith("evaluation of program f at stage ")
        assert "\n" not in found
    else:
        assert open_evaluation(*seal_evaluation(*found)) == found


def test_an_evaluation_without_one_of_its_results_is_damaged():
    row, results = seal_evaluation("f", SCORED)
    for some in ([], results[:1], results[1:], results[::-1], [*results, results[0]]):
        with pytest.raises(DamagedRowError, match="evaluation of program f at stage confirm: its digest"):
            open_evaluation(row, some)


@given(st.text(), st.integers(0, 2**62), st.text())
def test_any_text_comes_back(name, number, text):
    program = ProgramRow(name, number, text)
    assert open_program(seal(program)) == program
