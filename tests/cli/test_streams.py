import json
import subprocess

import pytest
from workers.tiny_project import SCRIPT, environment, run_cli, write_task

COMMANDS = [
    ["--help"],
    ["--version"],
    ["programs"],
    ["transforms", "--json"],
    ["tasks", "--json"],
    ["experiments"],
    ["check", "lion", "--json"],
    ["show", "lion"],
    ["export", "lion", "--to", "optax"],
    ["identify", "lion", "--nearest", "0", "--json"],
    ["simplify", "lion", "--json"],
    ["evaluate", "lion", "--task", "linear", "--seeds", "1", "--json"],
    ["tune", "lion", "--task", "linear", "--seeds", "1", "--json"],
    ["inspect", "runs/tiny", "--json"],
]
TALKATIVE = """
import os
from tiny_task import linear

def make():
    print("printed")
    os.system("echo echoed")
    return linear()
"""
FAST = [["--version"], ["check", "lion", "--json"], ["programs"]]


def run_shell(project, words, redirection):
    command = f'"$0" {" ".join(words)} {redirection}'
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}", str(SCRIPT)],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def check_failures(project, words):
    full = run_shell(project, words, ">/dev/full")
    assert (full.returncode, full.stderr) == (1, "error: the output could not be written: No space left on device\n")
    closed = run_shell(project, words, ">&-")
    assert (closed.returncode, closed.stderr) == (1, "error: the output could not be written: Bad file descriptor\n")
    piped = run_shell(project, words, "| sleep 0")
    assert (piped.returncode, piped.stderr) in ((1, ""), (0, ""))  # by which of the two is faster


@pytest.mark.thorough
@pytest.mark.parametrize("words", FAST, ids=" ".join)
def test_output_that_cannot_be_written(project, words):
    check_failures(project, words)


@pytest.mark.faults
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_output_of_any_command_that_cannot_be_written(project, searched, words):
    check_failures(project, words)


@pytest.mark.thorough
def test_a_closed_stderr_is_not_mixed_with_results(project):
    done = run_shell(project, ["evaluate", "lion", "--task", "linear", "--seeds", "1", "--json"], "2>&-")
    assert json.loads(done.stdout)[0]["program"] == "lion"
    assert run_shell(project, ["check", "nothing"], "2>&-").stdout == ""


@pytest.mark.thorough
def test_a_run_is_stored_before_it_is_printed(project, tmp_path):
    words = ["search", "tiny", "--workers", "0", "--programs", "30", "--output", str(tmp_path / "run")]
    done = run_shell(project, words, ">/dev/full")
    assert done.returncode == 1
    assert done.stderr.endswith("\nerror: the output could not be written: No space left on device\n")
    assert (tmp_path / "run" / "best.py").is_file()
    resumed = run_cli(project, "resume", tmp_path / "run", "--workers", 0)
    assert resumed.stdout.startswith("finished: 30/30 programs")


@pytest.mark.thorough
def test_what_a_task_prints_is_not_mixed_with_results(project):
    (project / "talkative.py").write_text(TALKATIVE)
    write_task(project, "talkative", "", factory="talkative:make")
    done = run_cli(project, "evaluate", "lion", "--task", "talkative", "--seeds", 1, "--json")
    assert json.loads(done.stdout)[0]["task"] == "talkative"
    assert done.stderr == "printed\nechoed\n"
