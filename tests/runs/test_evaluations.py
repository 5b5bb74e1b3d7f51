import pytest
from runs.test_run import FakePool, evaluate
from workers.tiny_project import write_project

from lionsearch.catalog import load_program
from lionsearch.evaluation.plan import Request
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.records import Stage
from lionsearch.runs.config import load_experiment
from lionsearch.runs.evaluations import Evaluations
from lionsearch.runs.listener import Silence
from lionsearch.runs.opening import start_run

PROGRAM = remove_dead_code(load_program("adamw"))
NAME = fingerprint(PROGRAM)


class Steps(Silence):
    def __init__(self):
        self.told = []

    def step(self, text):
        self.told.append(text)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    store = start_run(tmp_path / "run", load_experiment("tiny"))
    yield store
    store.close()


def test_what_is_asked_for_comes_once_and_is_known_then(store):
    steps, pool = Steps(), FakePool()
    evaluations = Evaluations(store, pool, steps)
    assert evaluations.is_wanting(NAME, Stage.SEARCH)
    evaluations.ask(NAME, PROGRAM, Stage.SEARCH)
    assert not evaluations.is_wanting(NAME, Stage.SEARCH)
    assert evaluations.is_wanting(NAME, Stage.CONFIRM)
    assert (evaluations.made, evaluations.started) == (0, None)
    found = evaluations.wait(NAME, Stage.SEARCH)
    assert found == evaluate(Request(NAME, PROGRAM, Stage.SEARCH)) == evaluations.known[Stage.SEARCH][NAME]
    assert evaluations.wait(NAME, Stage.SEARCH) == found
    assert evaluations.made == 1
    assert evaluations.started is not None
    assert len(steps.told) == 1


def test_what_the_system_lost_is_counted_for_the_programs_of_the_run(store):
    evaluations = Evaluations(store, FakePool(losing=1), Silence())
    names = [NAME, *(f"{number:08x}" for number in range(3))]
    for stage in (Stage.SEARCH, Stage.CONFIRM):
        evaluations.ask(NAME, PROGRAM, stage)
        evaluations.wait(NAME, stage)
    lost = [found for known in evaluations.known.values() for found in known.values() if found.lost]
    assert sum(count for _, _, count in evaluations.count_lost(names)) == len(lost)
    assert evaluations.count_lost(()) == ()
