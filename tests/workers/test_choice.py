import pytest
from workers.tiny_project import write_project

from lionsearch.errors import RunError
from lionsearch.runs.config import load_experiment
from lionsearch.workers import LocalPool, check_workers, open_pool


def test_no_workers_are_this_process(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    assert isinstance(open_pool(load_experiment("tiny").plan(), 0, None), LocalPool)


def test_this_process_joins_no_cluster():
    with pytest.raises(RunError, match="leave out --address"):
        check_workers(0, "10.0.0.1:6379")
    check_workers(0, None)
    check_workers(2, "10.0.0.1:6379")
