from dataclasses import replace

import pytest
from workers.tiny_project import write_project

from lionsearch.errors import TaskError
from lionsearch.evaluation.plan import Request
from lionsearch.lang import parse
from lionsearch.records import Stage
from lionsearch.runs.config import load_experiment
from lionsearch.workers import LocalPool

SGD = parse("def train(w, g, lr): return g * lr * 1e-4")
MOMENTUM = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * lr * 1e-4, m")


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path / "cache"))
    return load_experiment("tiny").plan()


def test_each_request_comes_back_once_in_order(plan):
    pool = LocalPool(plan)
    requests = [
        Request("sgd", SGD, Stage.SEARCH),
        Request("m", MOMENTUM, Stage.CONFIRM),
        Request("m", MOMENTUM, Stage.REPORT),
    ]
    for request in requests:
        pool.submit(request)
    results = [pair for _ in requests for pair in pool.collect()]
    assert [request for request, _ in results] == requests
    assert [evaluation.stage for _, evaluation in results] == [Stage.SEARCH, Stage.CONFIRM, Stage.REPORT]
    assert len({evaluation.score for _, evaluation in results}) == 3


def test_a_task_that_cannot_be_used_is_an_error(plan):
    pool = LocalPool(plan)
    pool.submit(Request("h_gnb", parse("def train(w, g, lr, h_gnb): return g * h_gnb"), Stage.SEARCH))
    with pytest.raises(TaskError, match="the program asks for 'h_gnb'"):
        pool.collect()


def test_a_closed_pool_has_nothing_left(plan):
    pool = LocalPool(plan)
    pool.submit(Request("sgd", SGD, Stage.SEARCH))
    pool.close()
    with pytest.raises(IndexError):
        pool.collect()


def test_the_tasks_have_fingerprints_that_follow_their_code(plan, tmp_path, monkeypatch):
    found = LocalPool(plan).fingerprint_tasks()
    assert set(found) == {"linear"}
    assert LocalPool(plan).fingerprint_tasks() == found
    import tiny_task

    linear = tiny_task.linear
    monkeypatch.setattr(tiny_task, "linear", lambda: replace(linear(), loss=lambda *given: 100 * linear().loss(*given)))
    assert LocalPool(plan).fingerprint_tasks() != found
