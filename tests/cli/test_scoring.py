import json
import re

import pytest
from workers.tiny_project import run_cli, write_project

from lionsearch.archive import CandidateRow, RunStore
from lionsearch.catalog import load_program
from lionsearch.evaluation.estimate import estimate
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.tasks.spec import load_task


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("project"))


def test_evaluate_in_json(project):
    (project / "rocket.py").write_text("def train(w, g, lr): return g * 1e30\n")
    done = run_cli(project, "evaluate", "adamw", "rocket.py", "--task", "linear", "--seeds", 2, "--json")
    assert done.returncode == 0, done.stderr
    adamw, rocket = json.loads(done.stdout)
    assert list(adamw) == [
        "program",
        "task",
        "score",
        "interval",
        "loss",
        "metrics",
        "scores",
        "failure",
        "costs",
        "seconds",
        "learning_rate",
        "weight_decay",
    ]
    assert adamw["score"] == pytest.approx(sum(adamw["scores"]) / 2)
    assert adamw["interval"] == pytest.approx(estimate(adamw["scores"]).interval)
    assert (adamw["program"], adamw["task"], adamw["failure"]) == ("adamw", "linear", None)
    assert abs(adamw["score"]) < 0.1
    assert list(adamw["metrics"]) == ["rms"]
    assert (rocket["score"], rocket["loss"]) == (None, None)
    assert rocket["failure"]["kind"] == "non_finite"
    assert (adamw["weight_decay"], rocket["learning_rate"], rocket["weight_decay"]) == (0.01, None, None)


def test_evaluate_as_a_table(project, run_here):
    done = run_here("evaluate", "adamw", "mine", "--task", "linear", "--task", "proxy_tasks/linear.toml")
    assert done.returncode == 0, done.stderr
    header, *lines = done.stdout.splitlines()
    columns = ["program", "task", "score", "test loss", "measured", "rate", "decay", "ms a step", "asked"]
    assert re.split(r"  +", header.strip()) == columns
    assert [line.split()[:2] for line in lines] == [["adamw", "linear"], ["mine", "linear"]] * 2
    assert re.search(r" [+-]\d\.\d{4} ±\d\.\d{4} ", lines[0])
    assert done.stderr.startswith(
        "on test data, 3 held-out seeds; 0 is AdamW as tuned for the task, ± a 95 % confidence"
    )


def test_evaluate_measures_on_the_seeds_of_the_report_and_the_test_split(project, run_here, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setenv("LIONSEARCH_CACHE", str(project / "cache"))
    (project / "sgd.py").write_text("def train(w, g, lr): return g * lr * 0.0002\n")
    runner, sgd = TaskRunner(load_task("linear"), Limits()), load_program("sgd.py")
    losses = {}
    for split, options in (("test", []), ("test", ["--split", "test"]), ("validation", ["--split", "validation"])):
        done = run_here("evaluate", "sgd.py", "--task", "linear", "--seeds", 2, "--json", *options)
        [row] = json.loads(done.stdout)
        assert row["loss"] == pytest.approx(runner.evaluate(sgd, Seeds((2000, 2001), split)).loss, rel=1e-5)
        losses.setdefault(split, set()).add(row["loss"])
    assert len(losses["test"]) == 1
    assert not losses["test"] & losses["validation"]


def test_evaluate_on_a_split_that_is_none(project, run_here):
    done = run_here("evaluate", "mine", "--task", "linear", "--split", "train")
    assert done.returncode == 2
    assert "'train' is not one of 'test', 'validation'" in done.stderr


def test_tune_in_json(project, run_here):
    done = run_here("tune", "adamw", "--task", "linear", "--seeds", 1, "--json")
    assert done.returncode == 0, done.stderr
    [result] = json.loads(done.stdout)
    assert (result["task"], result["seeds"]) == ("linear", 1)
    losses = [point["loss"] for point in result["points"]]
    assert result["best"]["loss"] == min(loss for loss in losses if loss is not None)
    assert {point["weight_decay"] for point in result["points"]} > {0.0, 0.1}


def test_tune_as_a_table(project, run_here):
    done = run_here("tune", "mine", "--task", "linear", "--seeds", 1)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "mine on linear: validation loss, 1 seed"
    assert lines[-1].startswith("best: learning_rate = ")


def test_tune_with_a_sampler_shows_the_trials(project, run_here):
    done = run_here("tune", "adamw", "--task", "linear", "--seeds", 1, "--sampler", "tpe", "--trials", 4)
    assert done.returncode == 0, done.stderr
    title, header, *rows, best, _ = done.stdout.splitlines()
    assert title == "adamw on linear: validation loss, 1 seed"
    assert header.split() == ["trial", "learning", "rate", "weight", "decay", "loss"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "4"]
    lowest = min(float(row.split()[3]) for row in rows)
    assert float(best.split("loss ")[1]) == pytest.approx(lowest, rel=0.01)
    assert "edge" not in done.stderr


def test_tune_with_a_sampler_in_json(project, run_here):
    done = run_here("tune", "mine", "--task", "linear", "--seeds", 1, "--sampler", "random", "--json")
    assert done.returncode == 0, done.stderr
    [result] = json.loads(done.stdout)
    assert len(result["points"]) == 40
    assert {point["weight_decay"] for point in result["points"]} == {None}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["adamw", "--trials", 3], "--trials is for a --sampler"),
        (["adamw", "--sampler", "grid"], "'grid' is not one of 'tpe', 'cmaes', 'random'"),
    ],
)
def test_tune_with_a_sampler_that_cannot_be(project, run_here, options, said):
    done = run_here("tune", *options, "--task", "linear")
    assert done.returncode != 0
    assert said in done.stderr


def test_tune_says_how_the_two_numbers_differ(project, run_here):
    (project / "scaled.py").write_text("def train(w, g, lr, *, lr_scale=0.002): return g * (lr * lr_scale)\n")
    done = run_here("tune", "scaled.py", "--task", "linear", "--seeds", 1)
    assert done.returncode == 0, done.stderr
    best, scaled = done.stdout.splitlines()[-2:]
    found = re.fullmatch(
        r"in the program that is lr_scale=(.+); its learning rate on linear is 300 times lr_scale", scaled
    )
    assert found
    rate = float(re.search(r"learning_rate = ([^,]+)", best)[1])
    assert rate == pytest.approx(300 * float(found[1]), rel=1e-3)


@pytest.mark.parametrize(("command", "shown"), [("evaluate", "run:0"), ("tune", "run:0 on linear: ")])
def test_a_candidate_of_a_run_is_trained_with(project, run_here, command, shown):
    if not (project / "run").exists():
        store = RunStore.create(project / "run", "{}")
        store.add_candidate(CandidateRow(0, None, "initial", "f0", 1, 1))
        store.add_program("f0", 0, "def train(w, g, lr):\n    x = g * 0.01\n    return x * lr\n")
        store.close()
    done = run_here(command, "run:0", "--task", "linear", "--seeds", 1)
    assert done.returncode == 0, done.stderr
    assert any(line.startswith(shown) for line in done.stdout.splitlines())
    assert "1 seeds" not in done.stdout + done.stderr


def test_a_rival_that_a_program_equals_has_its_score(run_here):
    done = run_here("evaluate", "lion", "optax:lion", "--task", "linear", "--seeds", 2)
    assert done.returncode == 0, done.stderr
    _, program, rival = (re.split(" {2,}", line.strip()) for line in done.stdout.splitlines())
    assert (program[0], rival[0]) == ("lion", "optax:lion")
    assert program[2] == rival[2]
    assert rival[-1] == "1 g"


def test_a_rival_that_is_not_there_is_said(run_here):
    done = run_here("evaluate", "optax:lionn", "--task", "linear")
    assert done.returncode == 2
    assert done.stderr.strip() == "error: optax:lionn: module optax: unknown function 'lionn'; did you mean 'lion'?"


def test_tune_takes_a_rival(run_here):
    done = run_here("tune", "optax:adam", "--task", "linear", "--seeds", 1, "--sampler", "random", "--trials", 3)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^best: learning_rate = ", done.stdout, re.MULTILINE)
    assert "in its name that is lr_scale=" in done.stdout
    done = run_here("tune", "optax:lbfgs", "--task", "linear")
    assert done.returncode == 2
    assert done.stderr.strip() == "error: optax:lbfgs finds its learning rate itself; there is nothing to tune"
