import json
import shutil
from dataclasses import replace

import pytest
from workers.tiny_project import run_cli, start_cli, write_experiment, write_project

from lionsearch.cli.ending import Ending, find_tolerance, save_best
from lionsearch.evaluate.estimate import Estimate
from lionsearch.lang import parse
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult
from lionsearch.runs.config import load_experiment
from lionsearch.runs.result import Elite, Progress, RunResult
from lionsearch.runs.verdict import TaskVerdict, Verdict

TUNING = """programs = {programs}
window = 4
initial = ["{initial}"]

[[tasks]]
task = "linear"
hurdle = 0.9

[[tasks]]
task = "digits_mlp"

[search]
algorithm = "tuning"
population = 4
tournament = 2
racing = {{ seeds = 2 }}

[evaluation]
elites = 2
confirm_seeds = 2
report_seeds = 5
simplify = 0.05
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    write_program(folder, "slow", "m = interp(g, m, 0.5)", "x = sin(lr) * 0.0", "return (m + x) * (lr * 0.001), m")
    write_program(folder, "gentle", "return g * (lr * 0.0003), m")
    task = (
        folder / "proxy_tasks" / "linear.toml"
    ).read_text()  # a rate far from AdamW's best, so that it can be beaten
    (folder / "proxy_tasks" / "untuned.toml").write_text(task.replace("learning_rate = 0.3", "learning_rate = 0.003"))
    return folder


def write_program(folder, name, *lines):
    text = "\n  ".join(["def train(w, g, m, lr):", *lines])
    (folder / "programs" / f"{name}.py").write_text(f"{text}\n")


@pytest.mark.parametrize(
    ("leads", "asked", "tolerance"),
    [
        ((0.5, 0.4), 0.05, 0.05),
        ((0.5, 0.04), 0.05, 0.02),
        ((-0.5, 0.04), 0.05, 0.02),
        ((-0.5, -0.04), 0.05, None),
        ((0.5, 0.4), None, None),
    ],
    ids=["as asked", "half of the least lead", "where it leads", "leads nowhere", "not asked for"],
)
def test_a_search_simplifies_within_half_of_its_lead(leads, asked, tolerance):
    tasks = [TaskVerdict(str(lead), None, Estimate(lead, 0.01), None) for lead in leads]
    assert find_tolerance(Verdict(tuple(tasks)), asked) == tolerance


def interrupted(text, caught_up):
    """The result of a run that was interrupted, with this program the best."""
    results = (TaskResult("digits", 0.5, 0.25, scores=(0.2, 0.3)),)
    search, confirm = Evaluation(Stage.SEARCH, 0.25, results), Evaluation(Stage.CONFIRM, 0.25, results)
    progress = Progress(500, 1000, 0, 100, 4000, 1000, 0, 0.0, None)
    return RunResult(progress, Elite(1, "f", parse(text), search, confirm), None, None, False, caught_up)


def test_a_resume_that_is_interrupted_among_stored_results_keeps_the_best(tmp_path):
    def save(text, caught_up):
        save_best(tmp_path, interrupted(text, caught_up))
        return (tmp_path / "best.py").read_text()

    older, best, newer = (f"def train(w, g, lr): return g * {number}" for number in (1, 2, 3))
    assert "g * 1" in save(older, caught_up=False), "a process that was killed has left none"
    assert "g * 2" in save(best, caught_up=True)
    assert "g * 2" in save(older, caught_up=False)
    assert "g * 3" in save(newer, caught_up=True)


def test_a_best_program_that_cannot_be_saved_is_said_and_printed(tmp_path):
    result = interrupted("def train(w, g, lr): return g", caught_up=True)
    assert save_best(tmp_path, result) == []
    (tmp_path / "best.py").unlink()
    (tmp_path / "best.py").mkdir()
    [fault] = save_best(tmp_path, result)
    assert fault == f"{tmp_path}/best.py: cannot be written: Is a directory; the program is only printed"
    [fault] = save_best(tmp_path / "gone", result)
    assert fault == f"{tmp_path}/gone: the folder was renamed or deleted; best.py is not written, only printed"


@pytest.mark.parametrize("how", ["a folder for best.py", "renamed", "deleted"])
@pytest.mark.thorough
def test_what_happens_to_the_folder_of_a_run_costs_no_report(project, tmp_path, how):
    folder = tmp_path / "run"
    process = start_cli(project, "search", "tiny", "--workers", 0, "--output", folder, "--programs", 400)
    assert process.stderr.readline().startswith("starting workers")
    if how == "renamed":
        assert "/400 programs" in process.stderr.readline()
        folder.rename(tmp_path / "moved")
    elif how == "deleted":
        assert "/400 programs" in process.stderr.readline()
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
    ending.print()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("interrupted: 500/1000 programs")
    assert "digits  +0.2500 ±0.6353" in map(str.rstrip, lines)  # two seeds: 12.7 standard errors
    assert not any(line.startswith(("verdict", "it is")) for line in lines)


def test_a_search_that_was_interrupted_among_stored_results_claims_no_best(tmp_path, capsys):
    ending = Ending(
        tmp_path, load_experiment("quickstart"), interrupted("def train(w, g, lr): return g", caught_up=False)
    )
    assert ending.describe()["best"] is None
    ending.print()
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
    ending.print()
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
    assert [line.split()[1] for line in commands] == ["inspect"]
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
    assert "\nwithout what changes its scores by less than 0.05:\n" in done.stdout
    assert "\non unseen seeds and the test splits its score differs by: untuned " in done.stdout
    assert "lionsearch evaluate runs/better/best.py runs/better/short.py adamw lion --task untuned\n" in done.stdout
    assert "lionsearch export runs/better/short.py --to optax\n" in done.stdout
    identified = json.loads(run_cli(project, "identify", "runs/better/short.py", "--nearest", 0, "--json").stdout)
    assert f"\nthat is {identified['name'] or 'no known optimizer'}" in done.stdout
    assert ("\nits updates are nearest to those of " in done.stdout) == (identified["name"] is None)


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ("g * (lr * 0.0003)", ": the start"),
        ("g * (lr * 0.5)", ": the start with other constants"),
        ("sign(g) * lr", ""),
    ],
)
@pytest.mark.thorough
def test_a_start_is_named_as_that(project, monkeypatch, update, words):
    write_experiment(project, "gentle", TUNING.format(programs=1, initial="gentle"))
    monkeypatch.chdir(project)
    program = parse(f"def train(w, g, m, lr): return {update}, m")
    elite = Elite(0, "f", program, Evaluation(Stage.SEARCH, 0.5, ()), Evaluation(Stage.CONFIRM, 0.5, ()))
    progress = Progress(1, 1, 0, 1, 2, 2, 0, 0.0, None)
    result = RunResult(progress, elite, None, None, finished=True, caught_up=True)
    ending = Ending(project / "runs", load_experiment("gentle"), result)
    assert ending.identity is not None
    assert ending._describe_start(ending.identity) == words
