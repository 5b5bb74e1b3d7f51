import pytest
from workers.tiny_project import write_project

from lionsearch.evaluation.plan import Request
from lionsearch.lang import parse
from lionsearch.records import Stage
from lionsearch.runs.config import load_experiment
from lionsearch.workers import LocalPool
from lionsearch.workers.ray_worker import Worker

PROGRAMS = [parse(f"def train(w, g, lr): return g * lr * {number}e-4") for number in (1, 2, 3)]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path / "cache"))
    return load_experiment("tiny").plan()


def test_evaluations_come_back_in_order_as_a_local_pool_has_them(plan):
    stages = (Stage.REPORT, Stage.CONFIRM, Stage.SEARCH)
    requests = [Request(str(n), program, stage) for n, program in enumerate(PROGRAMS) for stage in stages]
    worker, pool = Worker(plan, ""), LocalPool(plan)
    assert worker.current_task() == ""
    found = worker.answer(requests)
    assert worker.current_task() == "linear"
    for request in requests:
        pool.submit(request)
    assert found == [pool.collect()[0][1] for _ in requests]
    assert worker.fingerprint_tasks() == pool.fingerprint_tasks()
