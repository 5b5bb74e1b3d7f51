import pytest
from archive.test_store import fill

from lionsearch.archive import CandidateRow
from lionsearch.errors import RunError
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult


def test_the_leaderboard_has_the_best_first_and_earlier_ones_among_equals(store):
    for number, score in [(0, 1.0), (1, None), (2, 3.0), (3, -2.0), (4, 3.0)]:
        store.add_program(f"f{9 - number}", number, f"text {number}")
        store.add_candidate(CandidateRow(number, None, "initial", f"f{9 - number}", 10, number))
        store.add_evaluation(f"f{9 - number}", Evaluation(Stage.CONFIRM, score, (TaskResult("t", score, score),)))
    found = store.leaderboard(Stage.CONFIRM)
    assert [(row.candidate, row.fingerprint, row.text) for row in found] == [
        (2, "f7", "text 2"),
        (4, "f5", "text 4"),
        (0, "f9", "text 0"),
        (3, "f6", "text 3"),
    ]
    assert found[0].evaluation == Evaluation(Stage.CONFIRM, 3.0, (TaskResult("t", 3.0, 3.0),))
    assert [row.statements for row in found] == [2, 4, 0, 3]
    assert store.leaderboard(Stage.SEARCH) == []


def test_lineage_leads_to_an_initial_program(store):
    parents = {0: None, 1: 0, 2: 0, 3: 1, 4: 3}
    for number, parent in parents.items():
        store.add_candidate(CandidateRow(number, parent, "change", f"f{number}", 9, 8))
    assert [row.number for row in store.lineage(4)] == [4, 3, 1, 0]
    assert store.lineage(4)[0] == CandidateRow(4, 3, "change", "f4", 9, 8)
    assert [row.number for row in store.lineage(0)] == [0]
    assert store.lineage(5) == []


def test_a_duplicate_candidate_has_the_text_of_the_first(store):
    store.add_program("same", 0, "text 0")
    store.add_candidate(CandidateRow(0, None, "initial", "same", 3, 3))
    store.add_candidate(CandidateRow(1, 0, "insert", "same", 4, 3))
    assert store.program_text(1) == store.program_text(0) == "text 0"
    assert store.program_text(2) is None


def test_counts_and_failures(store):
    empty = {"generated": 0, "unique": 0, "evaluated": 0, "statements": 0, "live_statements": 0}
    assert (store.counts(), store.failures()) == (empty, {})
    fill(store, 7)
    store.add_candidate(CandidateRow(7, 6, "delete", "f6", 1, 1))
    store.add_evaluation(
        "f1", Evaluation(Stage.CONFIRM, None, (TaskResult("t", failure=Failure(FailureKind.TIMEOUT, "")),))
    )
    assert store.counts() == {"generated": 8, "unique": 7, "evaluated": 7, "statements": 64, "live_statements": 36}
    assert store.failures() == {FailureKind.TIMEOUT: 2}


def test_lineage_does_not_go_on_where_a_parent_is_missing(store):
    store.add_candidate(CandidateRow(4, 2, "change", "f", 9, 8))
    with pytest.raises(RunError, match=r"run: candidate 2, parent of 4: it is not there; .*lionsearch check"):
        store.lineage(4)
