import json
import os
import signal
import time

import psutil
import pytest
from workers.tiny_project import EXPERIMENT, read_rows, run_cli, start_cli, without_progress, write_project

import lionsearch
from lionsearch.archive import RunStore
from lionsearch.archive.folder import list_islands
from lionsearch.archive.targets import load_target
from lionsearch.errors import RunError, SettingError
from lionsearch.runs.config import load_experiment
from lionsearch.runs.islands import discard_islands, start_islands
from lionsearch.workers import Placement

TWO = EXPERIMENT.replace("initial =", "islands = {count = 2, migrate_after = 50}\ninitial =")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("project"), TWO)


@pytest.fixture(scope="module")
def searched(project):
    """The project, with a search on two islands in `runs/tiny`, and what it printed."""
    done = run_cli(project, "search", "tiny", "--workers", 0)
    assert done.returncode == 0, done.stderr
    return project, done


def rows_of(folder):
    return [read_rows(each) for each in list_islands(folder)]


def told(folder):
    try:
        return RunStore.read(folder).counts()["generated"]
    except RunError:
        return 0


def wait_until_told(folder, count, seconds=60.0):
    end = time.monotonic() + seconds
    while told(folder) < count:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_folder_of_a_search_on_islands_stands_for_its_runs(project, tmp_path, monkeypatch):
    monkeypatch.chdir(project)
    folders = start_islands(tmp_path / "run", load_experiment("tiny", islands={"count": 11}))
    assert list_islands(tmp_path / "run") == folders
    assert [folder.name for folder in folders[-2:]] == ["island_9", "island_10"]
    assert list_islands(folders[3]) == [folders[3]]
    assert list_islands(tmp_path / "none") == [tmp_path / "none"]
    discard_islands(folders)
    assert not (tmp_path / "run").exists()


def test_python_has_one_search(project, monkeypatch):
    monkeypatch.chdir(project)
    with pytest.raises(SettingError, match=r"'islands.count' is 2; expected 1: .*`lionsearch search` has several"):
        lionsearch.search("tiny", workers=0)


def test_workers_are_shared_by_islands():
    assert [place.workers for place in Placement(5).divide(3)] == [2, 2, 1]
    assert Placement(0).divide(2) == [Placement(0)] * 2
    assert Placement(address="auto").divide(2) == [Placement(address="auto", sharing=2)] * 2
    with pytest.raises(RunError, match="2 workers cannot be shared by 3 islands; expected 3 or more, or 0"):
        Placement(2).divide(3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--islands", 3, "--workers", 2), "2 workers cannot be shared by 3 islands; expected 3 or more, or 0"),
        (("--islands", 5000), "setting 'islands.count' is 5000; it should be at most 1_000"),
    ],
)
def test_what_cannot_be_shared_is_one_line(project, options, message):
    done = run_cli(project, "search", "tiny", *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (project / "runs").exists() or not (project / "runs" / "tiny").exists()


@pytest.mark.thorough
def test_islands_end_with_one_report(searched):
    project, done = searched
    assert done.stdout.startswith("finished: 400/400 programs")
    assert "\nverdict: " in done.stdout
    assert " of island_" in done.stdout
    best = project / "runs" / "tiny" / "best.py"
    assert load_target(str(best))[1].peaks == load_target(f"{best.parent}/island_0:0")[1].peaks != ()
    again = json.loads(run_cli(project, "resume", "runs/tiny", "--workers", 0, "--json").stdout)
    assert (again["told"], again["evaluated"]) == (400, 0)
    assert f"candidate {again['best']['candidate']} of {again['island']}, dead code removed" in done.stdout


@pytest.mark.thorough
def test_islands_are_inspected_and_reported_together(searched):
    project, _ = searched
    content = json.loads(run_cli(project, "inspect", "runs/tiny", "--json").stdout)
    assert [each["programs"] for each in content] == [200, 200]
    shown = run_cli(project, "inspect", "runs/tiny").stdout
    assert "island_0" in shown
    assert "island_1" in shown
    assert run_cli(project, "inspect", "runs/tiny/island_1").returncode == 0
    done = run_cli(project, "inspect", "runs/tiny", "--lineage", 3)
    assert done.stderr == "error: --lineage is for one run; several, or islands, are shown side by side\n"
    assert run_cli(project, "report", "runs/tiny").returncode == 0
    checked = run_cli(project, "check", "runs/tiny", "adamw").stdout
    assert "runs/tiny/island_0  ok  200 of 200 candidates" in checked
    assert "runs/tiny/island_1  ok  200 of 200 candidates" in checked


@pytest.mark.thorough
def test_killed_islands_go_on_to_the_same_rows(searched):
    project, _ = searched
    process = start_cli(project, "search", "tiny", "--workers", 0, "--output", "runs/killed")
    wait_until_told(project / "runs" / "killed" / "island_0", 70)
    for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
        each.kill()
    process.communicate(timeout=30)
    assert told(project / "runs" / "killed" / "island_0") < 200
    done = run_cli(project, "resume", "runs/killed", "--workers", 0)
    assert done.returncode == 0, done.stderr
    assert rows_of(project / "runs" / "killed") == rows_of(project / "runs" / "tiny")


@pytest.mark.thorough
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_islands_stop_with_the_process_that_started_them(project, number, tmp_path):
    process = start_cli(project, "search", "tiny", "--workers", 0, "--programs", 10**6, "--output", tmp_path / "run")
    wait_until_told(tmp_path / "run" / "island_1", 20)
    islands = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, number)
    printed, errors = process.communicate(timeout=60)
    _, alive = psutil.wait_procs(islands, timeout=30)
    assert not alive
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert printed.startswith("interrupted: ")
        assert f"lionsearch resume {tmp_path / 'run'} --workers 0\n" in printed
        assert "Traceback" not in without_progress(errors)


@pytest.mark.thorough
@pytest.mark.ray
def test_ray_workers_change_nothing(searched):
    project, _ = searched
    done = run_cli(project, "search", "tiny", "--workers", 2, "--output", "runs/ray", timeout=180)
    assert done.returncode == 0, done.stderr
    assert rows_of(project / "runs" / "ray") == rows_of(project / "runs" / "tiny")


@pytest.mark.thorough
def test_an_island_that_dies_stops_the_others(project, tmp_path):
    process = start_cli(project, "search", "tiny", "--workers", 0, "--programs", 10**6, "--output", tmp_path / "run")
    wait_until_told(tmp_path / "run" / "island_1", 20)
    islands = [each for each in psutil.Process(process.pid).children() if "spawn_main" in " ".join(each.cmdline())]
    islands[0].kill()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "error: island_0: its process died, with code -9; what was evaluated is stored; go on with: " in errors
