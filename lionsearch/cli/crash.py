"""A process that dies of a task's code, as of a segmentation fault, is survived by one line that says so.

Python cannot say anything then; a second process that waits for it can.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import subprocess
import sys
from collections.abc import Iterator

from lionsearch.tasks.calling import announce_tasks_to, find_place_in

_MOURNER = """
import signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
sys.path[:0] = [sys.argv[1]]
text = sys.stdin.buffer.read().decode("utf-8", "replace")
if not text.endswith("\\nended\\n"):
    from lionsearch.cli.crash import describe_crash
    sys.stderr.write("error: " + describe_crash(text) + "; " + sys.argv[2] + "\\n")
"""


@contextlib.contextmanager
def told_of_crashes(advice: str) -> Iterator[None]:
    """Have one line on stderr if this process dies meanwhile.

    Args:
        advice: what can be done then, the end of the line.
    """
    package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    command = [sys.executable, "-c", _MOURNER, package, advice]
    mourner = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert mourner.stdin is not None
    pipe = mourner.stdin.fileno()
    ours = not faulthandler.is_enabled()
    if ours:
        faulthandler.enable(pipe)
    announce_tasks_to(pipe)
    try:
        yield
    finally:
        announce_tasks_to(None)
        if ours:
            faulthandler.disable()
        with contextlib.suppress(OSError):
            os.write(pipe, b"\nended\n")
            mourner.stdin.close()
        mourner.wait(timeout=30)


def describe_crash(text: str) -> str:
    r"""Return what happened, of the names of tasks and Python's last words, if it had any.

    Examples:
        >>> describe_crash('task digits\nFatal Python error: Aborted\n  File "/home/me/mine.py", line 7 in loss\n')
        "this process died at task 'digits' (/home/me/mine.py:7): Aborted"
    """
    tasks = [line.removeprefix("task ") for line in text.splitlines() if line.startswith("task ")]
    at = f" at task {tasks[-1]!r}" if tasks else ""
    last = next((line for line in text.splitlines() if line.startswith("Fatal Python error: ")), "")
    cause = last.removeprefix("Fatal Python error: ") or "it was killed, as where memory runs out"
    place = find_place_in(text, innermost_first=True)
    return f"this process died{at}{f' ({place})' if place else ''}: {cause}"
