import re
import shutil

import pytest
from workers.tiny_project import EXPERIMENT, run_cli, write_experiment, write_task

from lionsearch.cli.crash import describe_crash, told_of_crashes

MODULE = """
import os
import sys

import jax
from tiny_task import linear
from lionsearch.tasks import Problem


def make(how, after):
    problem, calls = linear(), []

    def late(value):
        calls.append(value)
        if len(calls) > after:
            fail(how)

    def loss(params, batch):
        jax.debug.callback(late, params["b"])
        return problem.loss(params, batch)

    return Problem(problem.init, loss, problem.train, problem.validation, problem.test)


def fail(how):
    if how == "abort":
        os.abort()
    if how == "exit":
        sys.exit(0)
    raise ValueError("late")
"""


@pytest.fixture(scope="module")
def failing(project):
    """The folder with an experiment for each way to fail."""
    (project / "failing.py").write_text(MODULE)
    for how in ("abort", "exit", "raise"):
        write_task(project, how, "", f'how = "{how}"\nafter = 3000', "failing:make")
        write_experiment(project, how, EXPERIMENT.replace('task = "linear"', f'task = "{how}"'))
    return project


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("abort", r"this process died at task 'abort' \({0}/failing\.py:27\): Aborted"),
        ("exit", r"task 'exit' failed: SystemExit: 0 \({0}/failing\.py:29\)"),
        ("raise", r"task 'raise' failed: ValueError: late \({0}/failing\.py:30\)"),
    ],
)
@pytest.mark.thorough
def test_a_task_that_fails_late_ends_a_run_with_one_sentence(failing, how, sentence):
    shutil.rmtree(failing / "runs", ignore_errors=True)
    done = run_cli(failing, "search", how, "--workers", 0)
    assert done.returncode not in (0, 130)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    [error] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    advice = rf"; what was evaluated is stored; go on with: \S*lionsearch resume runs/{how} --workers 0"
    assert re.fullmatch("error: " + sentence.format(re.escape(str(failing))) + advice, error)
    assert f"runs/{how}: " in run_cli(failing, "inspect", f"runs/{how}").stdout


def test_a_process_that_ends_well_is_not_mourned(capfd):
    with told_of_crashes("advice"):
        pass
    with pytest.raises(KeyboardInterrupt), told_of_crashes("advice"):
        raise KeyboardInterrupt
    assert capfd.readouterr() == ("", "")


def test_who_was_killed_had_no_last_words():
    assert describe_crash("") == "this process died: it was killed, as where memory runs out"
    assert describe_crash("task a\ntask b\n").startswith("this process died at task 'b': it was killed")
