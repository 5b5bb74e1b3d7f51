import csv
import io
import json

import pytest
from reports.made_runs import make_run


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    make_run(folder / "run", 8)
    make_run(folder / "begun", 0, ended=False)
    return folder


def test_where_chooses_among_all_programs(run_here):
    done = run_here("inspect", "run", "--where", "score > 0.02 and statements < 3")
    lines = done.stdout.splitlines()
    assert lines[0] == "run: 1 of 5 distinct programs"
    assert lines[2].split()[:4] == ["3", "2", "2", "+0.0300"]


def test_sort_is_by_a_column(run_here):
    first = run_here("inspect", "run", "--sort", "statements", "--top", 1).stdout.splitlines()
    assert first[0] == "run: 5 of 5 distinct programs; the first"
    assert first[2].split()[0] == "0"
    rows = json.loads(run_here("inspect", "run", "--sort", "confirm_score", "--json").stdout)["programs"]
    assert [row["candidate"] for row in rows] == [2, 3, 0, 1, 4]
    assert rows[0]["program"].startswith("def train(w, g, m, lr):")


def test_without_a_column_those_with_most_seeds_come_first(run_here):
    rows = json.loads(run_here("inspect", "run", "--where", "statements > 0", "--json").stdout)["programs"]
    assert [row["candidate"] for row in rows] == [2, 1, 3, 0, 4]


def test_csv_has_all_programs_or_those_asked_for(run_here):
    rows = list(csv.DictReader(io.StringIO(run_here("inspect", "run", "--csv").stdout)))
    assert [row["candidate"] for row in rows] == ["2", "1", "3", "0", "4"]
    assert (rows[-1]["score"], rows[-1]["failure"]) == ("", "non_finite")
    few = run_here("inspect", "run", "--csv", "--where", "trainings == 1").stdout.splitlines()
    assert len(few) == 2
    assert few[0] == ",".join(rows[0])


def test_a_run_without_a_candidate_has_an_empty_table(run_here):
    assert run_here("inspect", "begun", "--where", "score > 0").stdout == "begun: 0 of 0 distinct programs\n"
    assert run_here("inspect", "begun", "--csv").stdout.count("\n") == 1
    assert run_here("inspect", "begun").stdout == "begun: 0 of 100 programs, 0 unique\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--where", "scor > 0"], "error: unknown column 'scor'; did you mean 'score'?\n"),
        (["--sort", "stmts"], "error: unknown column 'stmts'"),
        (["--where", "change > 0"], "error: unknown column 'change'"),
        (["--csv", "--json"], "error: --csv and --json: give one of them\n"),
        (["--csv", "--lineage", "1"], "error: --lineage shows one program;"),
    ],
)
def test_a_mistake_is_one_line(run_here, options, message):
    done = run_here("inspect", "run", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
