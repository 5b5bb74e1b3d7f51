import json
import os
import signal
import subprocess
import sys

import pytest
from sampling import every
from workers.tiny_project import environment, kill_group, run_cli, start_cli, write_project

from lionsearch.archive import RunStore
from lionsearch.lang import parse
from lionsearch.records import Stage


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def searched(project):
    """What `search --json` printed of the run `runs/tiny`."""
    done = run_cli(project, "search", "tiny", "--workers", 0, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == "starting workers and compiling the tasks"
    return json.loads(done.stdout)


@pytest.fixture
def running(project, tmp_path):
    """The folder of a run that goes on while the test looks at it, and its process."""
    folder = tmp_path / "running"
    process = start_cli(project, "search", "tiny", "--workers", 0, "--output", folder, "--programs", 10**7)
    assert process.stderr.readline().startswith("starting workers")
    assert "/10000000 programs" in process.stderr.readline()
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


def test_resuming_a_finished_run_says_the_same(project, searched):
    done = run_cli(project, "resume", "runs/tiny", "--workers", 0, "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    for key in ("run", "finished", "told", "total", "best", "report", "baseline", "statements"):
        assert again[key] == searched[key]
    assert again["evaluated"] == 0


def test_inspect_in_json(project, searched):
    content = json.loads(run_cli(project, "inspect", "runs/tiny", "--top", 4, "--json").stdout)
    assert (content["run"], content["experiment"], content["tasks"]) == ("runs/tiny", "tiny", ["linear"])
    assert content["generated"] == content["total"] == 200
    assert content["statements"] == searched["statements"]
    assert len(content["search"]) == 4
    everything = json.loads(run_cli(project, "inspect", "runs/tiny", "--top", 1000, "--json").stdout)["search"]
    order = [(-row["seeds"], 0.005 * row["statements"] - row["score"]) for row in everything]
    assert order == sorted(order)
    assert content["search"] == everything[:4]
    assert len({row["seeds"] for row in everything}) > 1
    assert content["confirm"][0]["candidate"] == searched["best"]["candidate"]
    assert content["confirm"][0]["program"] == searched["best"]["program"]
    assert sum(content["failures"].values()) < content["unique"]


def test_inspect_as_text(project, searched):
    done = run_cli(project, "inspect", "runs/tiny")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("runs/tiny: 200 of 200 programs, ")
    for title in (
        "best in the search",
        "best on fresh seeds, in order of mean score - 0.005 statements; 0",
        "best on fresh seeds and the test splits, in order of mean score",
        "best on fresh seeds for its length",
    ):
        assert title in done.stdout


def test_the_front_gets_better_as_it_gets_longer(project, searched):
    front = json.loads(run_cli(project, "inspect", "runs/tiny", "--top", 1, "--json").stdout)["front"]
    assert [row["statements"] for row in front] == sorted({row["statements"] for row in front})
    assert [row["score"] for row in front] == sorted(row["score"] for row in front)
    assert searched["best"]["candidate"] in {row["candidate"] for row in front}
    assert all(row["statements"] == len(parse(row["program"]).statements) for row in front)


def test_inspect_a_candidate(project, searched):
    number = searched["best"]["candidate"]
    content = json.loads(run_cli(project, "inspect", "runs/tiny", "--candidate", number, "--json").stdout)
    assert content["candidate"] == number
    assert content["program"] == searched["best"]["program"]
    lineage = content["lineage"]
    assert lineage[0]["number"] == number
    assert [row["parent"] for row in lineage] == [*(row["number"] for row in lineage[1:]), None]
    assert lineage[-1]["change"] == "initial"
    plain = run_cli(project, "inspect", "runs/tiny", "--candidate", number).stdout
    assert plain.startswith(searched["best"]["program"])
    ancestors = [line.split() for line in plain.rstrip().splitlines()[-len(lineage) :]]
    assert [int(words[0]) for words in ancestors] == [row["number"] for row in lineage]
    assert ancestors[-1][:2] == ["0", "initial"]
    assert lineage[0]["score"] == pytest.approx(searched["best"]["search"]["score"])


def test_inspect_a_candidate_that_failed(project, searched):
    store = RunStore.read(project / "runs" / "tiny")
    failed = {name: each for name, each in store.evaluations(Stage.SEARCH).items() if each.failure is not None}
    number = next(number for number in range(200) if store.lineage(number)[0].fingerprint in failed)
    result = failed[store.lineage(number)[0].fingerprint].results[-1]
    store.close()
    lineage = json.loads(run_cli(project, "inspect", "runs/tiny", "--candidate", number, "--json").stdout)["lineage"]
    assert lineage[0]["score"] is None
    assert lineage[0]["failure"]["task"] == result.task
    assert lineage[0]["failure"]["detail"] == result.failure.detail
    assert lineage[-1]["failure"] is None
    printed = run_cli(project, "inspect", "runs/tiny", "--candidate", number).stdout
    assert f"\nfailed on {result.task}: {result.failure.detail}\n" in printed
    row = next(line for line in printed.splitlines() if line.split()[:1] == [str(number)])
    assert row.rstrip().endswith(f"failed on {result.task}")


def test_inspect_a_candidate_that_is_not_there(project, searched):
    done = run_cli(project, "inspect", "runs/tiny", "--candidate", 200)
    assert done.returncode == 2
    assert done.stderr == "error: runs/tiny: there is no candidate 200; 200 are stored, numbered from 0\n"


def test_inspect_loads_no_jax_and_no_ray(project, searched):
    done = run_cli(project, "inspect", "runs/tiny", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "lionsearch.archive.store" in loaded
    assert not {"jax", "ray"} & loaded


def test_a_run_can_be_inspected_and_is_locked_while_it_goes_on(project, running):
    folder, process = running
    content = json.loads(run_cli(project, "inspect", folder, "--json").stdout)
    assert content["total"] == 10**7
    assert 0 <= content["generated"] < 10**7
    done = run_cli(project, "resume", folder, "--workers", 0)
    assert done.returncode == 2
    assert done.stderr == f"error: {folder}: another process is writing this run\n"
    assert process.poll() is None


def test_an_interrupted_run_in_json(project, running):
    folder, process = running
    kill_group(process)
    process = start_cli(project, "resume", folder, "--workers", 0, "--json")
    assert process.stderr.readline().startswith("starting workers")
    assert "/10000000 programs" in process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "")
    content = json.loads(output)
    assert content["finished"] is False
    assert content["told"] > 0
    assert (content["report"], content["baseline"]) == (None, None)


@pytest.mark.parametrize(("number", "delay"), every(2, [(signal.SIGINT, 0.5), (signal.SIGTERM, 0.8)]))
def test_a_signal_before_the_first_result(project, tmp_path, number, delay):
    process = start_cli(project, "search", "tiny", "--workers", 0, "--output", tmp_path / "run")
    assert process.stderr.readline().startswith("starting workers")
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


def test_an_interrupt_of_another_command_is_one_word(project):
    process = start_cli(project, "evaluate", "adamw", "--task", "linear", "--seeds", 10**6)
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
