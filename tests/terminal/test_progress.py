import io
import re
import sys
from dataclasses import replace

from lionsearch.lang import parse
from lionsearch.records import Evaluation, Stage
from lionsearch.runs.result import Elite, Progress
from lionsearch.terminal.progress import ProgressDisplay, progress_line

BEST = Elite(
    7,
    "f",
    parse("def train(w, g, lr): return g * lr"),
    Evaluation(Stage.SEARCH, 0.5, ()),
    Evaluation(Stage.CONFIRM, 0.25, ()),
)
NOTHING = Progress(0, 100, 0, 0, 0, 0, 0, 0.0, None)
HALF = Progress(500, 1000, 200, 100, 4000, 1000, 0, 65.0, BEST)


def test_a_line_says_where_the_run_stands():
    assert progress_line(HALF) == (
        "500/1000 programs  8 generated/s  3 evaluated/s  20% cache hits  75% dead statements"
        "  best +0.2500 on its worst task  1m05s left"
    )


def test_a_line_before_anything_is_known():
    line = "0/100 programs  - generated/s  - evaluated/s  0% cache hits  0% dead statements  best -  ? left"
    assert progress_line(NOTHING) == line
    assert progress_line(replace(NOTHING, told=1, evaluated=90, seconds=0.0005)) == line.replace("0/100", "1/100")


def test_stored_results_count_neither_for_the_rate_nor_for_the_time_left():
    resumed = replace(HALF, told=600, replayed=500, seconds=5.0)
    assert progress_line(resumed) == (
        "600/1000 programs  20 generated/s  40 evaluated/s"
        "  17% cache hits  75% dead statements  best +0.2500 on its worst task  0m20s left"
    )
    only_stored = replace(HALF, replayed=500, evaluated=0, seconds=0.0)
    assert progress_line(only_stored) == (
        "500/1000 programs  - generated/s  - evaluated/s  20% cache hits  75% dead statements"
        "  best +0.2500 on its worst task  ? left"
    )
    almost_two_minutes = replace(HALF, seconds=119.7)
    assert progress_line(almost_two_minutes).endswith("  2m00s left")
    replaying = replace(HALF, evaluated=0, seconds=0.0)
    assert progress_line(replaying).endswith("  ? left")
    too_few_to_tell = replace(HALF, told=599, replayed=500, seconds=5.0)
    assert progress_line(too_few_to_tell).endswith("  ? left")
    finished = replace(HALF, told=1000, replayed=1000, evaluated=0, seconds=0.0)
    assert progress_line(finished).endswith(" on its worst task")


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
    assert "500 of 1000" in shown
    assert "+0.2500" in shown
    assert "def train(w, g, lr):" in shown
