import pytest
from workers.tiny_project import write_project

from lionsearch.errors import RunError
from lionsearch.runs.config import load_experiment
from lionsearch.workers import LocalPool, Placement, open_pool


def test_no_workers_are_this_process(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    assert isinstance(open_pool(load_experiment("tiny").plan(), Placement(0)), LocalPool)


@pytest.mark.parametrize(
    ("placement", "option"),
    [(Placement(0, "10.0.0.1:6379"), "--address"), (Placement(0, time_limit=5.0), "--time-limit")],
)
def test_this_process_joins_no_cluster_and_has_no_time_limit(placement, option):
    with pytest.raises(RunError, match=f"leave out {option}"):
        placement.check()
    Placement(0).check()
    Placement(2, "10.0.0.1:6379", 5.0).check()


def test_a_placement_is_said_and_asked_for_again():
    assert Placement(0).describe() == "loading the tasks (in this process, where a program has no time limit)"
    assert Placement().describe() == "starting workers and loading the tasks (a program may take 300 seconds)"
    assert Placement(2, "auto", 2.5).options() == ("--workers", "2", "--address", "auto", "--time-limit", "2.5")
    assert Placement().options() == ()
