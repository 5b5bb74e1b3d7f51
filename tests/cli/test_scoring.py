import json

import pytest
from workers.tiny_project import run_cli, write_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("project"))


def test_evaluate_in_json(project):
    (project / "rocket.py").write_text("def train(w, g, lr): return g * 1e30\n")
    done = run_cli(project, "evaluate", "adamw", "rocket.py", "--task", "linear", "--seeds", 2, "--json")
    assert done.returncode == 0, done.stderr
    adamw, rocket = json.loads(done.stdout)
    assert list(adamw) == ["program", "task", "loss", "score", "failure", "metrics"]
    assert (adamw["program"], adamw["task"], adamw["failure"]) == ("adamw", "linear", None)
    assert abs(adamw["score"]) < 0.1
    assert adamw["metrics"][0][0] == "rms"
    assert (rocket["score"], rocket["loss"]) == (None, None)
    assert rocket["failure"]["kind"] == "non_finite"


def test_evaluate_as_a_table(project):
    done = run_cli(project, "evaluate", "adamw", "mine", "--task", "linear", "--task", "proxy_tasks/linear.toml")
    assert done.returncode == 0, done.stderr
    header, *lines = done.stdout.splitlines()
    assert header.split() == ["program", "task", "score", "validation", "loss", "measured"]
    assert [line.split()[:2] for line in lines] == [["adamw", "linear"], ["mine", "linear"]] * 2


def test_tune_in_json(project):
    done = run_cli(project, "tune", "adamw", "--task", "linear", "--seeds", 1, "--json")
    assert done.returncode == 0, done.stderr
    [result] = json.loads(done.stdout)
    assert (result["task"], result["seeds"]) == ("linear", 1)
    losses = [point["loss"] for point in result["points"]]
    assert result["best"]["loss"] == min(loss for loss in losses if loss is not None)
    assert {point["weight_decay"] for point in result["points"]} > {0.0, 0.1}


def test_tune_as_a_table(project):
    done = run_cli(project, "tune", "mine", "--task", "linear", "--seeds", 1)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "mine on linear: validation loss, 1 seeds"
    assert lines[-1].startswith("best: learning_rate = ")
