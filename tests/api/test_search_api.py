import csv
import shutil
import subprocess
import sys

import pytest
from api.given_tasks import SHORT, make_task
from workers.tiny_project import read_rows, run_cli, write_project

import lionsearch
from lionsearch.errors import LionSearchError, SettingError, TaskError, UnknownNameError


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run on a task that only Python has."""
    return lionsearch.search(tasks=make_task(), output=tmp_path_factory.mktemp("finished") / "run", **SHORT)


def test_a_search_on_a_python_value(finished):
    assert finished.finished
    assert finished.tasks == ("sine",)
    assert finished.counts()["generated"] == 40
    assert finished.best.program == lionsearch.load(finished.folder / "best.py")
    assert [each.task for each in finished.verdict.tasks] == ["sine"]


def test_the_same_search_gives_the_same_run(finished, tmp_path):
    again = lionsearch.search(tasks=[make_task()], output=tmp_path / "run", **SHORT)
    assert read_rows(again.folder) == read_rows(finished.folder)


def test_a_finished_run_goes_on_as_if_it_had_been_longer(finished, tmp_path):
    whole = lionsearch.search(tasks=make_task(), output=tmp_path / "whole", **{**SHORT, "programs": 60})
    short = lionsearch.search(tasks=make_task(), output=tmp_path / "short", **SHORT)
    longer = lionsearch.resume(short, tasks=make_task(), workers=0, progress=False, programs=60)
    assert longer.counts()["generated"] == 60
    candidates = [[row for row in read_rows(run.folder) if row[0] == "candidates"] for run in (longer, whole)]
    assert candidates[0] == candidates[1]
    with pytest.raises(SettingError, match="has 60 programs already"):
        lionsearch.resume(longer, tasks=make_task(), workers=0, programs=50)


def test_a_task_of_python_is_asked_for_again(finished):
    with pytest.raises(SettingError, match=r"task 'sine' was given as a Python value.*resume.*tasks=\[task\]"):
        lionsearch.resume(finished, workers=0)
    with pytest.raises(SettingError, match="task 'sine' has steps = 60; the one given has 50"):
        lionsearch.resume(finished, tasks=make_task(steps=50), workers=0)
    with pytest.raises(SettingError, match="task 'other' is none of its tasks: sine"):
        lionsearch.resume(finished, tasks=make_task(name="other"), workers=0)


def test_the_command_line_says_how_a_run_on_a_python_value_goes_on(finished, tmp_path):
    done = run_cli(tmp_path, "resume", finished.folder, "--workers", 0)
    assert (done.returncode, done.stdout) == (2, "")
    assert "task 'sine' was given as a Python value" in done.stderr
    assert run_cli(tmp_path, "inspect", finished.folder).returncode == 0


def test_a_callback_ends_a_search_and_resume_goes_on(finished, tmp_path):
    seen = []

    class Twenty(lionsearch.Callback):
        def on_start(self, folder, config):
            seen.append(("start", folder))

        def on_candidate(self, event, progress):
            seen.append((event.number, event.is_replayed))
            if event.number == 20 and not event.is_replayed:
                raise lionsearch.StopSearch("twenty are\nenough")

        def on_end(self, result):
            seen.append((result.stopped, result.finished))

    folder = tmp_path / "run"
    run = lionsearch.search(tasks=make_task(), output=folder, callbacks=[Twenty()], **SHORT)
    assert seen[0] == ("start", folder)
    assert seen[1:-1] == [(number, False) for number in range(21)]
    assert seen[-1] == ("twenty are enough", True)
    assert run.finished
    del seen[:]
    run = lionsearch.resume(run, tasks=make_task(), workers=0, progress=False, callbacks=[Twenty()])
    assert seen[1:-1] == [(number, number < 21) for number in range(40)]
    assert seen[-1] == ("", True)
    candidates = [[row for row in read_rows(each.folder) if row[0] == "candidates"] for each in (run, finished)]
    assert candidates[0] == candidates[1]


class _At(lionsearch.Callback):
    """Ends the search at these candidates, those of an earlier process too."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def on_candidate(self, event, progress):
        if event.number in self.numbers:
            raise lionsearch.StopSearch(f"at {event.number}")


def test_a_run_that_ended_early_and_went_on_is_the_run_that_never_did(tmp_path):
    more = {**SHORT, "programs": 80, "evaluation": {**SHORT["evaluation"], "elites": 6}}
    whole = lionsearch.search(tasks=make_task(), output=tmp_path / "whole", **more)
    run = lionsearch.search(tasks=make_task(), output=tmp_path / "parts", callbacks=[_At(20, 50)], **more)
    assert (run.stopped, run.finished) == ("at 20", True)
    run = lionsearch.resume(run, tasks=make_task(), workers=0, progress=False, callbacks=[_At(20, 50)])
    assert (run.stopped, run.counts()["generated"]) == ("at 50", 51)
    run = lionsearch.resume(run, tasks=make_task(), workers=0, progress=False)
    assert (run.stopped, run.finished, whole.stopped) == ("", True, "")
    assert run.best.program == whole.best.program == lionsearch.load(run.folder / "best.py")
    assert str(run.verdict) == str(whole.verdict)


def test_a_limit_means_nothing_while_a_run_goes_through_what_it_has(finished, tmp_path):
    copy = shutil.copytree(finished.folder, tmp_path / "copy")
    run = lionsearch.resume(copy, tasks=make_task(), workers=0, progress=False, patience=1, target=-5.0, programs=60)
    assert run.counts()["generated"] >= 40
    assert run.finished
    assert run.best is not None


def test_a_run_that_is_interrupted_after_it_had_ended_is_not_finished(finished, tmp_path):
    copy = shutil.copytree(finished.folder, tmp_path / "copy")

    class Interrupt(lionsearch.Callback):
        def on_candidate(self, event, progress):
            if event.number == 45:
                raise KeyboardInterrupt

    run = lionsearch.resume(copy, tasks=make_task(), workers=0, progress=False, programs=60, callbacks=[Interrupt()])
    assert not run.finished
    assert 40 < run.counts()["generated"] < 60


def test_a_resume_that_is_refused_changes_nothing(finished, tmp_path):
    copy = shutil.copytree(finished.folder, tmp_path / "copy")
    before = (copy / "config.json").read_text()
    with pytest.raises(SettingError, match="was given as a Python value"):
        lionsearch.resume(copy, programs=400, workers=0)
    with pytest.raises(SettingError, match=r"tasks: expected lionsearch.Task, not 'sine'"):
        lionsearch.resume(copy, tasks="sine", workers=0)
    assert (copy / "config.json").read_text() == before
    run = lionsearch.resume(copy, tasks=make_task(), workers=0, progress=False)
    assert run.counts()["generated"] == 40


@pytest.mark.thorough
def test_two_tasks_of_one_network_with_a_hurdle(tmp_path):
    first = make_task(name="first")
    second = lionsearch.Task(first.make(), name="second", steps=30, batch=16, learning_rate=0.02)
    run = lionsearch.search(tasks=[(first, -0.5), second], output=tmp_path / "run", **SHORT)
    assert [entry.hurdle for entry in run.config.experiment.tasks] == [-0.5, -1.0]
    run = lionsearch.resume(run, tasks=[first, second], workers=0, progress=False, programs=45)
    assert run.counts()["generated"] == 45
    assert run.best in run.front()


@pytest.mark.parametrize("initial", ["lion", lionsearch.load("lion"), [lionsearch.load("lion"), "adamw"]])
def test_a_start_may_be_a_program(tmp_path, initial):
    run = lionsearch.search(tasks=make_task(), output=tmp_path / "run", initial=initial, **{**SHORT, "programs": 5})
    assert run.config.initial()[0] == lionsearch.load("lion")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"callbacks": _At(3)}, "callbacks: expected a list of lionsearch.Callback, not _At"),
        ({"workers": "2"}, "workers is '2'; expected a number from 0"),
        ({"workers": -1}, "workers is -1"),
        ({"workers": 2, "time_limit": 0}, "time limit is 0; expected seconds, 1 or more"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_made(tmp_path, wrong, message):
    with pytest.raises(LionSearchError, match=message):
        lionsearch.search(tasks=make_task(), output=tmp_path / "run", **{**SHORT, **wrong})
    assert not (tmp_path / "run").exists()


def test_what_could_not_be_saved_is_a_warning(tmp_path):
    class Blocks(lionsearch.Callback):
        def on_start(self, folder, config):
            (folder / "best.py").mkdir()

    with pytest.warns(RuntimeWarning, match=r"best.py: cannot be written: Is a directory"):
        lionsearch.search(tasks=make_task(), output=tmp_path / "run", callbacks=[Blocks()], **SHORT)


def test_what_is_in_flight_is_not_trained_where_a_search_ends_early(tmp_path):
    run = lionsearch.search(tasks=make_task(), output=tmp_path / "run", callbacks=[_At(3)], window=30, **SHORT)
    assert run.counts()["evaluated"] == 4


def test_what_a_callback_prints_is_printed(tmp_path, capsys):
    class Says(lionsearch.Callback):
        def on_start(self, folder, config):
            print("begun")

    lionsearch.search(tasks=make_task(), output=tmp_path / "run", callbacks=[Says()], **{**SHORT, "programs": 3})
    assert capsys.readouterr().out == "begun\n"


def test_what_a_callback_raises_is_the_callers_and_the_run_can_go_on(tmp_path):
    class Broken(lionsearch.Callback):
        def on_candidate(self, event, progress):
            if event.number == 10:
                raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        lionsearch.search(tasks=make_task(), output=tmp_path / "run", callbacks=[Broken()], **SHORT)
    run = lionsearch.resume(tmp_path / "run", tasks=make_task(), workers=0, progress=False)
    assert run.counts()["generated"] == 40


def test_patience_and_target_end_a_search(tmp_path):
    run = lionsearch.search(tasks=make_task(), output=tmp_path / "a", patience=5, **SHORT)
    told = run.counts()["generated"]
    assert 5 <= told < 40
    again = lionsearch.resume(run, tasks=make_task(), workers=0, progress=False)
    assert again.counts()["generated"] == told, "it ends where it ended"
    run = lionsearch.search(tasks=make_task(), output=tmp_path / "b", target=-0.9, **SHORT)
    assert run.counts()["generated"] < 40
    assert run.best.evaluation.score >= -0.9


def test_a_search_of_no_time_at_all(tmp_path):
    run = lionsearch.search(tasks=make_task(), output=tmp_path / "run", time=1e-9, **SHORT)
    assert run.finished
    assert run.counts()["generated"] < 40
    for wrong, message in ((0, "no time at all"), ("soon", "'soon' is no duration"), ("-3m", "is no duration")):
        with pytest.raises(SettingError, match=message):
            lionsearch.search(tasks=make_task(), time=wrong, workers=0)


def test_a_warm_start(finished, tmp_path):
    best = finished.best.candidate
    run = lionsearch.search(tasks=make_task(), output=tmp_path / "a", initial=(f"{finished.folder}:{best}",), **SHORT)
    assert run.program(0) == finished.best.program
    elites = lionsearch.search(tasks=make_task(), output=tmp_path / "b", initial=[f"{finished.folder}:elites"], **SHORT)
    assert set(elites.config.initial()) == {each.program for each in finished.elites()}


def test_settings_are_merged_and_checked():
    from lionsearch.api.search_api import _configure

    config = _configure("quickstart", "digits_rnn", {"search": {"population": 7, "racing": {"seeds": 2}}, "seed": 3})
    assert (config.experiment.search.population, config.experiment.search.racing.seeds) == (7, 2)
    assert (config.experiment.search.islands, config.experiment.seed) == (2, 3)
    assert [entry.task for entry in config.experiment.tasks] == ["digits_rnn"]
    with pytest.raises(SettingError, match=r"unknown setting 'search.popluation'.*population"):
        _configure("quickstart", None, {"search": {"popluation": 7}})
    with pytest.raises(UnknownNameError, match="quickstart"):
        _configure("quikstart", None, {})
    with pytest.raises(SettingError, match="two tasks are called 'sine'"):
        _configure("quickstart", [make_task(), make_task()], {})
    with pytest.raises(SettingError, match=r"lionsearch.Task, TaskEntry, or pairs of one and its hurdle, not int"):
        _configure("quickstart", [3], {})
    with pytest.raises(SettingError, match=r"resume\(\) takes no setting 'seed'"):
        lionsearch.resume("nowhere", seed=3)


def test_a_task_that_cannot_be_used_leaves_no_run_behind(tmp_path):
    def broken():
        raise OSError("no such data")

    task = lionsearch.Task(broken, name="broken", steps=10, batch=2)
    with pytest.raises(TaskError, match=r"'broken'.*no such data.*test_search_api.py"):
        lionsearch.search(tasks=task, output=tmp_path / "run", **SHORT)
    assert not (tmp_path / "run").exists()


def test_an_experiment_made_in_python(tmp_path):
    task = make_task()
    experiment = lionsearch.Experiment(programs=12, tasks=(lionsearch.TaskEntry(task="later"),))
    run = lionsearch.search(
        experiment, tasks=task, output=tmp_path / "run", workers=0, progress=False, evaluation=SHORT["evaluation"]
    )
    assert run.counts()["generated"] == 12
    assert run.config.name == "sine"


_INTERRUPTED = """
import os, signal, sys
sys.path[:0] = {paths!r}
from api.given_tasks import SHORT, make_task
import lionsearch

class Interrupt(lionsearch.Callback):
    def on_candidate(self, event, progress):
        if event.number == 15:
            os.kill(os.getpid(), signal.SIGINT)

run = lionsearch.search(tasks=make_task(), output="run", callbacks=[Interrupt()], **{{**SHORT, "progress": True}})
print(run.finished, 15 < run.counts()["generated"] < 40)
run = lionsearch.resume(run, tasks=make_task(), workers=0, progress=False)
print(run.finished, run.counts()["generated"])
"""


def run_script(folder, code, timeout=120):
    """Run Python in the folder, with the modules of the tests."""
    command = [sys.executable, "-c", code.format(paths=[path for path in sys.path if path])]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.mark.thorough
def test_an_interrupt_in_a_script(tmp_path):
    done = run_script(tmp_path, _INTERRUPTED)
    assert done.stdout.splitlines() == ["False True", "True 40"], done.stderr
    assert "interrupted; go on with: lionsearch.resume('run', tasks=[...])" in done.stderr


_WITH_A_RAY = """
import sys
sys.path[:0] = {paths!r}
import ray
from api.given_tasks import SHORT, make_task
import lionsearch

ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
lionsearch.search(tasks=make_task(), output="run", **{{**SHORT, "workers": 2}})
print(ray.is_initialized())
ray.shutdown()
"""


@pytest.mark.ray
@pytest.mark.thorough
def test_workers_of_a_ray_that_is_the_callers_give_the_same_run(finished, tmp_path):
    done = run_script(tmp_path, _WITH_A_RAY, timeout=200)
    assert done.stdout == "True\n", done.stderr
    assert read_rows(tmp_path / "run") == read_rows(finished.folder)


def test_names_of_tasks_and_experiments_of_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    run = lionsearch.search("tiny", programs=20, workers=0, progress=False, callbacks=[lionsearch.CSVLog("log.csv")])
    assert run.folder.as_posix() == "runs/tiny"
    with open("log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == [str(number) for number in range(20)]
    assert lionsearch.open_run("runs/tiny").table()[7]["change"] == rows[7]["change"]
