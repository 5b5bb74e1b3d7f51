import contextlib
import sqlite3

import pytest
from reports.made_runs import make_run

from lionsearch.errors import RunError
from lionsearch.runs.overview import RISING, TEXTS, list_columns, list_programs


def test_each_distinct_program_has_a_row(tmp_path):
    run = make_run(tmp_path / "run", 8)
    rows = list_programs(run)
    assert [row["candidate"] for row in rows] == [0, 1, 2, 3, 4]
    assert {tuple(row) for row in rows} == {list_columns(run)}
    assert {*RISING, *TEXTS} <= {*list_columns(run)}
    assert rows[2] == {
        "candidate": 2,
        "parent": 1,
        "statements": 3,
        "score": pytest.approx(0.08),
        "confirm_score": pytest.approx(0.075),
        "seeds": 2,
        "trainings": 4,
        "children": 1,
        "score_digits_rnn": 0.08,
        "score_digits_small_vit": 0.08,
        "change": "tune + match",
        "failure": None,
    }
    assert (rows[4]["score"], rows[4]["failure"], rows[4]["trainings"]) == (None, "non_finite", 1)
    assert rows[0]["children"] == 4  # of which three are the second program again


def test_it_has_what_the_table_has(tmp_path):
    run = make_run(tmp_path / "run", 8)
    table = run.table()
    for row in list_programs(run):
        same = table[row["candidate"]]
        for name in ("score", "seeds", "failure", "confirm_score", "score_digits_rnn"):
            assert row[name] == (pytest.approx(same[name]) if isinstance(same[name], float) else same[name])


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("UPDATE candidates SET statements = 'x' WHERE number = 1", "candidate 1"),
        ("UPDATE candidates SET parent = 7 WHERE number = 1", "candidate 1"),
        ("UPDATE evaluations SET rounds = '[1' WHERE stage = 'search'", "run"),
        ("UPDATE results SET failure = 'tired' WHERE failure NOT NULL", "'tired' is not a valid FailureKind"),
    ],
)
def test_a_value_of_another_type_is_named(tmp_path, change, name):
    run = make_run(tmp_path / "run")
    with contextlib.closing(sqlite3.connect(run.folder / "run.sqlite")) as database, database:
        database.execute(change)
    with pytest.raises(RunError, match=name):
        list_programs(run)
