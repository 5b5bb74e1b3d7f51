import io
import re
import sys

from lionsearch.cli.progress import ProgressDisplay, progress_line
from lionsearch.lang import parse
from lionsearch.records import Evaluation, Stage
from lionsearch.run import Elite, Progress

BEST = Elite(
    7,
    "f",
    parse("def train(w, g, lr): return g * lr"),
    Evaluation(Stage.SEARCH, 0.5, ()),
    Evaluation(Stage.CONFIRM, 0.25, ()),
)
NOTHING = Progress(0, 100, 0, 0, 0, 0, 0.0, None)
HALF = Progress(
    told=50, total=100, evaluated=20, cached=10, statements=400, live_statements=100, seconds=65.0, best=BEST
)


def test_a_line_says_where_the_run_stands():
    assert progress_line(HALF) == (
        "50/100 programs  1 generated/s  0 evaluated/s  20% cache hits  75% dead statements  best +0.2500  1m05s left"
    )


def test_a_line_before_anything_is_known():
    assert progress_line(NOTHING) == (
        "0/100 programs  0 generated/s  0 evaluated/s  0% cache hits  0% dead statements  best -  ? left"
    )


def test_without_a_terminal_a_line_now_and_then(capsys):
    with ProgressDisplay() as display:
        for _ in range(5):
            display(HALF)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == ["starting workers and compiling the tasks", progress_line(HALF)]


def test_a_terminal_shows_the_best_program(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with ProgressDisplay() as display:
        display(NOTHING)
        display(HALF)
    shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", sys.stderr.getvalue())
    assert "50 of 100" in shown
    assert "+0.2500" in shown
    assert "def train(w, g, lr):" in shown
