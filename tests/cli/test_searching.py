import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest
from sampling import every
from workers.tiny_project import (
    BEGINNINGS,
    environment,
    kill_group,
    run_cli,
    start_cli,
    wait_for_progress,
    without_progress,
)

from lionsearch.archive import RunStore
from lionsearch.lang import parse
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult


@pytest.fixture
def running(project, tmp_path):
    """The folder of a run that goes on while the test looks at it, and its process."""
    folder = tmp_path / "running"
    process = start_cli(project, "search", "tiny", "--workers", 0, "--output", folder, "--programs", 10**7)
    assert process.stderr.readline().startswith(BEGINNINGS)
    assert "/10000000 programs" in wait_for_progress(process)
    yield folder, process
    kill_group(process)


def test_search_in_json(project, searched):
    assert searched["run"] == "runs/tiny"
    assert searched["finished"] is True
    assert searched["told"] == searched["total"] == 200
    assert {"evaluated", "cached", "statements", "live_statements", "seconds"} < set(searched)
    best = searched["best"]
    assert {"candidate", "fingerprint", "program", "search", "confirm"} == set(best)
    assert (project / "runs" / "tiny" / "best.py").read_text() == best["program"]
    assert parse(best["program"]).statements
    for name, seeds in (("report", "report"), ("baseline", "report")):
        assert searched[name]["stage"] == seeds
        assert searched[name]["results"][0]["task"] == "linear"


@pytest.mark.thorough
def test_the_next_run_gets_a_folder_of_its_own(project, searched):
    done = run_cli(project, "search", "tiny", "--workers", 0, "--programs", 20, "--seed", 5)
    assert done.returncode == 0, done.stderr
    assert (project / "runs" / "tiny-2" / "run.sqlite").is_file()
    assert done.stderr.startswith("runs/tiny is there already; this run goes to runs/tiny-2\n")
    assert done.stdout.startswith("finished: 20/20 programs")
    assert "lionsearch inspect runs/tiny-2\n" in done.stdout
    assert "\nverdict: " in done.stdout


def test_the_commands_it_names_work(project, searched):
    done = run_cli(project, "evaluate", "runs/tiny/best.py", "adamw", "lion", "--task", "linear", "--json")
    assert [row["program"] for row in json.loads(done.stdout)] == ["runs/tiny/best.py", "adamw", "lion"]


@pytest.mark.thorough
def test_resuming_a_finished_run_says_the_same(project, searched):
    done = run_cli(project, "resume", "runs/tiny", "--workers", 0, "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    for key in ("run", "finished", "told", "total", "best", "report", "baseline", "statements"):
        assert again[key] == searched[key]
    assert again["evaluated"] == 0


def test_a_run_can_be_inspected_and_is_locked_while_it_goes_on(project, running):
    folder, process = running
    content = json.loads(run_cli(project, "inspect", folder, "--json").stdout)
    assert content["total"] == 10**7
    assert 0 <= content["generated"] < 10**7
    done = run_cli(project, "resume", folder, "--workers", 0)
    assert done.returncode == 2
    assert done.stderr == f"error: {folder}: another process is writing this run\n"
    assert process.poll() is None


@pytest.mark.thorough
def test_an_interrupted_run_in_json(project, running):
    folder, process = running
    kill_group(process)
    process = start_cli(project, "resume", folder, "--workers", 0, "--json")
    assert process.stderr.readline().startswith(BEGINNINGS)
    assert "/10000000 programs" in wait_for_progress(process)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, without_progress(errors)) == (130, "")
    content = json.loads(output)
    assert content["finished"] is False
    assert content["told"] > 0
    assert (content["report"], content["baseline"]) == (None, None)


@pytest.mark.parametrize(("number", "delay"), every(2, [(signal.SIGINT, 0.5), (signal.SIGTERM, 0.8)]))
@pytest.mark.thorough
def test_a_signal_before_the_first_result(project, tmp_path, number, delay):
    process = start_cli(project, "search", "tiny", "--workers", 0, "--output", tmp_path / "run")
    assert process.stderr.readline().startswith(BEGINNINGS)
    signal.sigtimedwait([], delay)
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors
    assert process.returncode == 130
    done = run_cli(project, "resume", tmp_path / "run", "--workers", 0)
    assert done.stdout.startswith("finished: 200/200 programs")


_INTERRUPTED_WHERE_NOTHING_CAN_BE_RAISED = """
import gc, signal, sys
from lionsearch.cli import main

def interrupt(phase, info):
    if hasattr(sys.modules.get("lionsearch.runs.run"), "SearchRun") and interrupt in gc.callbacks:
        gc.callbacks.remove(interrupt)
        signal.raise_signal(signal.SIGINT)

gc.callbacks.append(interrupt)
main()
"""


@pytest.mark.thorough
def test_an_interrupt_of_another_command_is_one_word(project):
    process = start_cli(project, "evaluate", "adamw", "--task", "digits_rnn", "--seeds", 1000)
    signal.sigtimedwait([], 3.0)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (130, "", "interrupted\n")


def test_an_interrupt_is_not_lost_in_a_callback(project, tmp_path):
    arguments = ("search", "tiny", "--workers", "0", "--output", str(tmp_path / "run"), "--programs", str(10**7))
    command = [sys.executable, "-c", _INTERRUPTED_WHERE_NOTHING_CAN_BE_RAISED, *arguments]
    done = subprocess.run(
        command, cwd=project, env=environment(project), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.thorough
def test_two_searches_at_once_have_folders_of_their_own(project):
    started = [start_cli(project, "search", "tiny", "--workers", 0, "--programs", 5) for _ in range(3)]
    done = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    folders = {line.split()[2] for output in done for line in output.splitlines() if " inspect runs/" in line}
    assert len(folders) == 3
    assert all((project / folder / "best.py").is_file() for folder in folders)


def test_a_strangers_run_names_no_code(project, searched, run_here, tmp_path):
    folder = tmp_path / "strangers"
    shutil.copytree(project / "runs" / "tiny", folder)
    store = RunStore.resume(folder)
    changed = store.read_config().replace("tiny_task:linear", "os:system")
    assert changed != store.read_config()
    store.write_config(changed)
    store.close()
    done = run_here("resume", folder, "--workers", 0)
    assert done.returncode == 2
    assert re.fullmatch(
        r"error: .*strangers/config.json: task 'linear' would call function 'system' of module 'os', which is Python's;"
        r" .*; to run this one all the same: --trust\n",
        done.stderr,
    )
    assert run_here("inspect", folder).returncode == 0
    assert "is of Python's standard library" in run_here("resume", folder, "--workers", 0, "--trust").stderr


@pytest.mark.thorough
def test_a_task_that_was_edited_is_not_gone_on_with_unless_forced(project, tmp_path):
    """A loss that is a hundred times as large would put two scales into one table."""
    folder = tmp_path / "run"
    process = start_cli(project, "search", "tiny", "--workers", 0, "--output", folder, "--programs", 10**7)
    assert process.stderr.readline().startswith(BEGINNINGS)
    assert "/10000000 programs" in wait_for_progress(process)
    kill_group(process)
    module = project / "tiny_task.py"
    text = module.read_text()
    before = run_cli(project, "inspect", folder, "--json").stdout
    module.write_text(text.replace("jnp.mean((batch", "100 * jnp.mean((batch"))
    try:
        done = run_cli(project, "resume", folder, "--workers", 0)
        assert done.returncode == 2
        assert done.stderr.splitlines()[1] == (
            f"error: {folder}: since the run was made, task 'linear' has changed (its data, its code or its reference);"
            " scores from before and after could not be compared: undo it, or resume it in spite of that"
            " with --force (in Python, force=True)"
        )
        assert run_cli(project, "inspect", folder, "--json").stdout == before
        process = start_cli(project, "resume", folder, "--workers", 0, "--force")
        assert process.stderr.readline().startswith(BEGINNINGS)
        note = "note: task 'linear' has changed (its data, its code or its reference) since the run was made\n"
        assert process.stderr.readline() == note
        kill_group(process)
    finally:
        module.write_text(text)
    stored = json.loads(before)["generated"]
    assert f"\nfrom candidate {stored} on: task 'linear' has changed (" in run_cli(project, "inspect", folder).stdout
    [change] = json.loads(run_cli(project, "inspect", folder, "--json").stdout)["changes"]
    assert (change["candidate"], change["forced"]) == (stored, True)
    assert run_cli(project, "resume", folder, "--workers", 0).returncode == 2, "back again is a change too"


@pytest.mark.thorough
def test_what_the_system_lost_is_said_and_stays_lost(project, tmp_path, searched):
    """Rows as a run with Ray writes them where a program kills its workers."""
    folder = tmp_path / "run"
    done = run_cli(project, "search", "tiny", "--workers", 0, "--output", folder, "--programs", 30)
    assert "lost by the system" not in done.stdout
    store = RunStore.read(folder)
    name = store.lineage(29)[0].fingerprint
    store.close()
    lost = Evaluation(
        Stage.SEARCH, None, (TaskResult("linear", failure=Failure(FailureKind.WORKER_LOST, "it died, twice")),)
    )
    database = sqlite3.connect(folder / "run.sqlite")
    for table in ("evaluations", "results"):
        database.execute(f"DELETE FROM {table} WHERE fingerprint = ?", (name,))
    database.commit()
    database.close()
    store = RunStore.resume(folder)
    store.add_evaluation(name, lost)
    store.close()
    for command in (("resume", folder, "--workers", 0), ("inspect", folder)):
        printed = run_cli(project, *command).stdout
        assert "\nlost by the system: 1 evaluation (search: worker_lost 1); they count as failures\n" in printed
    content = json.loads(run_cli(project, "inspect", folder, "--json").stdout)
    assert content["lost"] == [{"stage": "search", "kind": "worker_lost", "count": 1}]
    assert "worker_lost" not in content["failures"]
    assert "1 of them lost by the system" in run_cli(project, "check", folder).stdout
