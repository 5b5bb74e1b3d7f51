import pytest
from filelock import FileLock
from reports.made_runs import TASKS, make_run

from lionsearch.records import FailureKind
from lionsearch.reports.run_facts import FAILURES, State, gather


def test_a_finished_run(tmp_path):
    facts = gather(make_run(tmp_path / "run", 6))
    assert facts.state is State.FINISHED
    assert str(facts.verdict) == "better than tuned AdamW on both tasks; better than the start on both tasks"
    assert (facts.best.candidate, facts.tasks) == (2, TASKS)
    assert [climb.candidate for climb in facts.climbs] == [0, 1, 2]
    assert [each.candidate for each in facts.trained] == [0, 1, 2, 3]
    assert facts.trainings == 4 * 4 + 1
    assert facts.failures == {FailureKind.NON_FINITE: 1}
    assert [each.candidate for each in facts.programs] == [0, 2, 3]
    assert [each.candidate for each in facts.front] == [3, 2]
    assert [each.candidate for each in facts.story] == [0, 1, 2]
    assert facts.identity.name == "signum"
    assert facts.versions == {"jax": "1.2.3"}
    confirmed = {each.candidate: each for each in facts.confirmed}[2]
    assert (confirmed.search, round(confirmed.fresh.mean, 6)) == (pytest.approx(0.08), 0.075)
    assert 0 < confirmed.fresh.interval < 0.01


@pytest.mark.parametrize("told", [0, 1, 5])
def test_a_run_that_stopped_before_its_end(tmp_path, told):
    facts = gather(make_run(tmp_path / "run", told, ended=False))
    assert facts.state is State.STOPPED
    assert facts.verdict is facts.best is facts.identity is None
    assert facts.story == facts.confirmed == facts.elites == ()
    assert len(facts.trained) == min(told, 4)
    assert bool(facts.front) == bool(told)


def test_a_run_that_goes_on(tmp_path):
    run = make_run(tmp_path / "run", ended=False)
    with FileLock(run.folder / "lock"):
        assert gather(run).state is State.GOING
    assert gather(run).state is State.STOPPED


def test_the_front_of_a_run_that_confirmed_nothing_is_that_of_the_search(tmp_path):
    facts = gather(make_run(tmp_path / "run", ended=False))
    assert [(each.candidate, each.statements) for each in facts.front] == [(3, 2), (2, 3)]


def test_every_kind_of_failure_has_words():
    assert set(FAILURES) == set(FailureKind)
