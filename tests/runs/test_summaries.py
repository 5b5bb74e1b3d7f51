import pytest
from reports.made_runs import make_run

from lionsearch.runs.summaries import summarize_runs


def test_a_run_stands_by_what_it_took_and_what_came_of_it(tmp_path):
    run = make_run(tmp_path / "run", 8)
    [found] = summarize_runs([run])
    assert (found.programs, found.candidate, found.statements) == (8, 2, 3)
    assert found.trainings == sum(row.trainings for row in run.searched())
    assert found.cache_hits == pytest.approx(3 / 8)
    assert found.fresh == run.best.estimate
    assert found.fresh.mean == pytest.approx(0.075)
    assert found.test.mean == pytest.approx(0.07)
    assert found.method == "signum"
    assert found.identity.startswith("signum with b1 = 0.5")
    assert found.rate(found.programs) == pytest.approx(8 / found.seconds)


def test_a_run_without_anything_stands_too(tmp_path):
    [found] = summarize_runs([make_run(tmp_path / "run", 0, ended=False)])
    assert (found.programs, found.candidate, found.fresh, found.test, found.method) == (0, None, None, None, None)
    assert found.rate(0) is None
