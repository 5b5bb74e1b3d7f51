import json

import pytest
from workers.tiny_project import run_cli

from lionsearch.runs.config import load_experiment


def test_config_prints_a_file_that_is_the_experiment(project, monkeypatch):
    done = run_cli(project, "config", "tiny")
    assert done.returncode == 0, done.stderr
    (project / "experiments" / "again.toml").write_text(done.stdout)
    monkeypatch.chdir(project)
    assert load_experiment("again").experiment == load_experiment("tiny").experiment
    lines = done.stdout.splitlines()
    assert "window = 8  # default: 64" in lines
    assert lines[lines.index("window = 8  # default: 64") - 1].startswith("# candidates in flight; ")
    assert "# patience = (absent)" in lines
    content = json.loads(run_cli(project, "config", "tiny", "--json").stdout)
    assert content["search"]["racing"]["seeds"] == 3
    assert run_cli(project, "config", "tinny").stderr == "error: unknown experiment 'tinny'; did you mean 'tiny'?\n"


@pytest.mark.thorough
def test_what_new_writes_runs_as_it_is(project):
    done = run_cli(project, "new", "task", "fresh")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("wrote proxy_tasks/fresh.toml\nwrote fresh_task.py\n\ngo on with:\n")
    scored = json.loads(run_cli(project, "evaluate", "adamw", "--task", "fresh", "--seeds", 2, "--json").stdout)
    assert abs(scored[0]["score"]) < 0.02
    done = run_cli(project, "new", "experiment", "hunt", "--task", "fresh", "--json")
    assert json.loads(done.stdout)["files"] == ["experiments/hunt.toml"]
    done = run_cli(project, "search", "hunt", "--workers", 0, "--programs", 30, "--time", "100s", timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("finished: 30/30 programs")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("task", "linear"), "proxy_tasks/linear.toml: is there already; nothing is written"),
        (("task", "digits_mlp"), "'digits_mlp' is the name of a task already"),
        (("task", "../mine"), "'../mine' is no name; expected letters, digits and underscores, no digit first"),
        (("experiment", "mine", "--task", "lineer"), "unknown task 'lineer'; did you mean 'linear'?"),
    ],
)
def test_what_new_refuses(project, arguments, message):
    done = run_cli(project, "new", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {message}\n")


@pytest.mark.thorough
def test_time_ends_a_search_that_goes_on(project):
    done = run_cli(
        project, "search", "tiny", "--workers", 0, "--time", "0.01s", "--output", "soon", "--programs", 10**6
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("finished: ")
    assert lines[1] == "it ended early: 0.01 seconds are over"
    done = run_cli(project, "resume", "soon", "--workers", 0, "--programs", 150)
    assert done.stdout.startswith("finished: 150/150 programs")
    done = run_cli(project, "search", "tiny", "--time", "soon")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'soon' is no duration; expected a number of seconds, or such as 90s, 20m, 1h30m" in done.stderr
