import shutil

import pytest
from workers.tiny_project import run_cli, write_project

from lionsearch.errors import RunError, SettingError
from lionsearch.records import Stage
from lionsearch.runs.view import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    done = run_cli(folder, "search", "tiny", "--workers", 0)
    assert done.returncode == 0, done.stderr
    return Run(folder / "runs" / "tiny")


def test_a_run_says_how_far_it_is(run):
    assert run.finished
    assert (run.tasks, run.config.name, run.counts()["generated"]) == (("linear",), "tiny", 200)
    assert repr(run).startswith(f"Run('{run.folder}': 200 of 200 programs, best ")
    assert "<table>" in run._repr_html_()


def test_the_best_is_the_one_that_the_run_chose(run):
    assert str(run.best) == (run.folder / "best.py").read_text()
    assert run.program(run.best.candidate) == run.best.program
    assert run.elites()[0] == run.best
    assert list(run.best.scores) == ["linear"]
    assert run.best.seeds == 2
    assert run.verdict is not None


def test_the_front_gets_better_as_it_gets_longer(run):
    front = run.front()
    lengths, scores = [each.statements for each in front], [each.evaluation.score for each in front]
    assert lengths == sorted(set(lengths))
    assert scores == sorted(scores)


def test_ranked_puts_most_seeds_first(run):
    seeds = [len(each.evaluation.rounds) for each in run.ranked(Stage.SEARCH)]
    assert seeds == sorted(seeds, reverse=True)


def test_a_lineage_goes_back_to_the_start(run):
    lineage = run.lineage()
    assert lineage[0].row.number == run.best.candidate
    assert (lineage[-1].row.number, lineage[-1].row.parent) == (0, None)
    assert [each.row.parent for each in lineage[:-1]] == [each.row.number for each in lineage[1:]]
    assert str(lineage[-1]).startswith("candidate 0, initial, 9 statements, score ")
    for wrong in (lambda: run.lineage(5000), lambda: run.program(5000)):
        with pytest.raises(RunError, match="there is no candidate 5000; 200 are stored, numbered from 0"):
            wrong()


def test_the_table_has_a_row_for_each_candidate(run):
    rows = run.table()
    assert [row["number"] for row in rows] == list(range(200))
    assert {"parent", "change", "score", "score_linear", "failure", "confirm_score", "seeds"} < set(rows[0])
    assert [row.number for row in run.candidates()] == list(range(200))
    failed = [row for row in rows if row["failure"]]
    assert all(row["score"] is None for row in failed)
    assert sum(run.failures().values()) >= len({row["fingerprint"] for row in failed})
    best = rows[run.best.candidate]
    assert best["confirm_score"] == run.best.score


def test_what_is_no_run(tmp_path, run):
    with pytest.raises(RunError, match="there is no such folder"):
        Run(tmp_path / "nowhere")
    copy = shutil.copytree(run.folder, tmp_path / "copy")
    (copy / "config.json").write_text("{")
    with pytest.raises(SettingError, match="copy: not JSON"):
        Run(copy)
