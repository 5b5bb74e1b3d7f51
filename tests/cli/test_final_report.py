import json
import shutil
from dataclasses import replace

import pytest
from runs.endings import TUNING, interrupted, make_project
from workers.tiny_project import BEGINNINGS, run_cli, start_cli, wait_for_progress, write_experiment

from lionsearch.cli.final_report import describe_short, print_ending
from lionsearch.graph import check_program
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult
from lionsearch.runs.config import load_experiment
from lionsearch.runs.ending import Ending


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("how", ["a folder for best.py", "renamed", "deleted"])
@pytest.mark.thorough
def test_what_happens_to_the_folder_of_a_run_costs_no_report(project, tmp_path, how):
    folder = tmp_path / "run"
    process = start_cli(project, "search", "tiny", "--workers", 0, "--output", folder, "--programs", 400)
    assert process.stderr.readline().startswith(BEGINNINGS)
    if how == "renamed":
        assert "/400 programs" in wait_for_progress(process)
        folder.rename(tmp_path / "moved")
    elif how == "deleted":
        assert "/400 programs" in wait_for_progress(process)
        shutil.rmtree(folder)
    else:
        (folder / "best.py").mkdir()
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output.startswith("finished: 400/400 programs")
    assert "\nverdict: " in output
    assert errors.splitlines()[-1].startswith(f"error: {folder}")
    assert "Traceback" not in errors


def test_an_interrupted_search_shows_what_the_best_has_on_fresh_seeds(tmp_path, capsys):
    config = load_experiment("quickstart")
    text = "def train(w, g, lr): return g * lr"
    ending = Ending(tmp_path, config, interrupted(text, caught_up=True))
    assert ending.describe()["best"]["confirm"]["score"] == 0.25
    print_ending(ending)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("interrupted: 500/1000 programs")
    assert "digits  +0.2500 ±0.6353" in map(str.rstrip, lines)  # two seeds: 12.7 standard errors
    assert not any(line.startswith(("verdict", "it is")) for line in lines)


def test_a_search_that_was_interrupted_among_stored_results_claims_no_best(tmp_path, capsys):
    ending = Ending(
        tmp_path, load_experiment("quickstart"), interrupted("def train(w, g, lr): return g", caught_up=False)
    )
    assert ending.describe()["best"] is None
    print_ending(ending)
    printed = capsys.readouterr().out
    assert "all that is stored is still there" in printed
    assert "candidate" not in printed


def test_a_report_that_was_lost_is_said_and_measured_by_resuming(tmp_path, capsys):
    failure = Failure(FailureKind.TIMEOUT, "no result after 300 seconds, twice")
    lost = Evaluation(Stage.REPORT, None, (TaskResult("digits", failure=failure),))
    result = interrupted("def train(w, g, lr): return g * lr", caught_up=True)
    counted = ((Stage.REPORT, FailureKind.TIMEOUT, 2),)
    ending = Ending(
        tmp_path,
        load_experiment("quickstart"),
        replace(result, finished=True, report=lost, baseline=lost, lost=counted),
    )
    assert ending.describe()["lost"] == [{"stage": "report", "kind": "timeout", "count": 2}]
    print_ending(ending)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "lost by the system: 2 evaluations (report: timeout 2); they count as failures"
    assert "best on digits: timeout, no result after 300 seconds, twice" in lines
    assert any(f"resume {tmp_path}" in line for line in lines)


@pytest.fixture(scope="module")
def worse(project):
    """The run `runs/worse`, whose only candidate is no better than AdamW, and what `search` printed."""
    write_experiment(project, "worse", TUNING.format(programs=1, initial="gentle"))
    return run_cli(project, "search", "worse", "--workers", 0)


@pytest.mark.thorough
def test_a_search_that_finds_nothing_better_says_so_and_offers_no_follow_up(project, worse):
    assert worse.returncode == 0, worse.stderr
    lines = worse.stdout.splitlines()
    verdict = "no better than tuned AdamW on either task; no better than the start on either task"
    assert f"verdict: {verdict}" in lines
    rows = [line for line in lines if line.startswith(("linear ", "digits_mlp "))]
    assert len(rows) == 2
    assert all(line.count("±") == 3 for line in rows)
    assert any(line.startswith("it is sgd with ") and line.endswith(": the start") for line in lines)
    commands = lines[lines.index("go on with:") + 1 :]
    assert [line.split()[1] for line in commands] == ["inspect", "report"]
    content = json.loads(run_cli(project, "resume", "runs/worse", "--workers", 0, "--json").stdout)
    assert content["verdict"]["better_on"] == []
    assert content["verdict"]["sentence"] == verdict
    assert content["identity"]["name"] == "sgd"
    assert content["short"] is None


@pytest.mark.thorough
def test_a_missed_hurdle_is_named(project, worse):
    content = json.loads(run_cli(project, "inspect", "runs/worse", "--json").stdout)
    assert {row["missed"] for row in content["search"]} == {"linear"}
    for arguments in ((), ("--candidate", 0)):
        assert "missed the hurdle of linear" in run_cli(project, "inspect", "runs/worse", *arguments).stdout


@pytest.mark.thorough
def test_a_search_that_finds_something_better_simplifies_and_names_it(project):
    text = TUNING.format(programs=150, initial="slow").replace("hurdle = 0.9", "hurdle = -2.0")
    text = text.replace('"linear"', '"untuned"')
    write_experiment(project, "better", text.replace('\n[[tasks]]\ntask = "digits_mlp"\n', ""))
    done = run_cli(project, "search", "better", "--workers", 0)
    assert done.returncode == 0, done.stderr
    assert "\nverdict: better than tuned AdamW; better than the start\n" in done.stdout
    assert "\nwithout what changes its scores on validation data by less than 0.05:\n" in done.stdout
    assert "\non test data and held-out seeds its score differs (± 95 % confidence) by: untuned " in done.stdout
    assert "lionsearch evaluate runs/better/best.py runs/better/short.py adamw --task untuned\n" in done.stdout
    fair = "lionsearch compare runs/better/short.py lion --task untuned --output runs/better/comparison\n"
    assert fair in done.stdout
    assert "lionsearch export runs/better/short.py --to optax\n" in done.stdout
    identified = json.loads(run_cli(project, "identify", "runs/better/short.py", "--nearest", 0, "--json").stdout)
    assert f"\nthat is {identified['name'] or 'no known optimizer'}" in done.stdout
    assert ("\nits updates are nearest to those of " in done.stdout) == (identified["name"] is None)


@pytest.mark.parametrize(
    ("short", "words"),
    [
        (
            "def train(w, g, lr, *, lr_scale=0.0123): return w - w + g * lr * lr_scale",
            "the same with names for its constants; nothing more was",
        ),
        ("def train(w, g, lr, *, lr_scale=0.01): return w - w + g * lr * lr_scale", "the same with rounder numbers"),
        (
            "def train(w, g, lr): return g * lr * 0.0123",
            "without what changes its scores on validation data by less than 0.02",
        ),
    ],
)
def test_a_simplified_program_is_called_what_it_is(short, words):
    best = check_program("def train(w, g, lr): return w - w + g * lr * 0.0123")
    assert words in describe_short(best, check_program(short), 0.02)
