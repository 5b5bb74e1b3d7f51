import os
import sys

import pytest

from lionsearch.errors import SettingError, TaskError
from lionsearch.tasks.calling import announce_tasks_to, calling_task, describe_fault, find_place, find_place_in

CODE = """
import sys

def fail():
    print("said")
    raise ValueError("two\\nlines")

def leave():
    sys.exit(0)
"""


@pytest.fixture
def theirs(tmp_path):
    """The functions of a user's module."""
    found = {}
    exec(compile(CODE, str(tmp_path / "theirs.py"), "exec"), found)
    return found


def test_what_a_task_raises_is_one_line_with_its_place(theirs, tmp_path, capsys):
    with pytest.raises(TaskError) as raised, calling_task("mine"):
        theirs["fail"]()
    assert str(raised.value) == f"task 'mine' failed: ValueError: two ({tmp_path}/theirs.py:6)"
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "said\n")


def test_a_task_cannot_end_the_process(theirs, tmp_path):
    with pytest.raises(TaskError) as raised, calling_task("mine"):
        theirs["leave"]()
    assert str(raised.value) == f"task 'mine' failed: sys.exit(0) ({tmp_path}/theirs.py:9)"


def test_memory_that_there_is_not_is_the_tasks(monkeypatch):
    with pytest.raises(TaskError, match="task 'mine' failed: MemoryError: 30 GB"), calling_task("mine"):
        raise MemoryError("30 GB")


def test_our_own_errors_and_interrupts_stay_what_they_are(monkeypatch):
    monkeypatch.setattr("lionsearch.tasks.calling._is_foreign", lambda file: True)
    for error in (SettingError("x"), AssertionError("ours"), KeyboardInterrupt()):
        with pytest.raises(type(error)), calling_task("mine"):
            raise error


def test_the_place_of_a_callback_is_in_what_jax_quotes():
    lines = (
        "callback: Traceback (most recent call last):",
        f'  File "{sys.prefix}/x.py", line 3',
        '  File "/me/a.py", line 7',
    )
    text = "\n".join([*lines, "ValueError: late", ""])
    assert find_place_in(text) == "/me/a.py:7"
    assert describe_fault(RuntimeError(text)) == "ValueError: late (/me/a.py:7)"


@pytest.mark.parametrize("folder", [f"{sys.prefix}/lib", "/home/me/.local/lib/python3.11/site-packages/flax"])
def test_the_place_is_not_in_what_is_installed(folder):
    text = f'Traceback:\n  File "/me/a.py", line 7\n  File "{folder}/module.py", line 3\n'
    assert find_place_in(text) == "/me/a.py:7"
    assert find_place_in(text.replace("/me/", f"{folder}/")) is None


def test_a_syntax_error_has_its_own_place():
    with pytest.raises(SyntaxError) as raised:
        compile("x = 1\ndef (", "/me/b.py", "exec")
    assert find_place(raised.value) == "/me/b.py:2"


def test_tasks_are_announced_when_they_change():
    reader, writer = os.pipe()
    announce_tasks_to(writer)
    for name in ("announced", "announced", "another"):
        with calling_task(name):
            pass
    announce_tasks_to(None)
    with calling_task("unheard"):
        pass
    os.close(writer)
    assert os.read(reader, 1000) == b"task announced\ntask another\n"
    os.close(reader)
