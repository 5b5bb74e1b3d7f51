import io
import re
import sys
import time
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
HALF = Progress(500, 1000, 200, 100, 4000, 1000, 0, 65.0, BEST, improved=380, improved_at=45.0)


def test_a_line_says_where_the_run_stands_and_whether_it_still_improves():
    assert progress_line(HALF) == (
        "500/1000 programs  8/s  20% cache hits  75% dead statements"
        "  best +0.2500 on its worst task, 120 programs, 0m20s ago  1m05s left"
    )
    assert ", just now  " in progress_line(replace(HALF, improved=500))
    assert ", 1 program, 0m20s ago  " in progress_line(replace(HALF, improved=499))


def test_a_line_before_anything_is_known():
    line = "0/100 programs  -/s  0% cache hits  0% dead statements  best -  ? left"
    assert progress_line(NOTHING) == line
    assert progress_line(replace(HALF, seconds=2000.0)).startswith("500/1000 programs  0.25/s  ")
    assert progress_line(replace(NOTHING, told=1, evaluated=90, seconds=0.0005)) == line.replace("0/100", "1/100")


def test_stored_results_count_neither_for_the_rate_nor_for_the_time_left():
    resumed = replace(HALF, told=600, replayed=500, seconds=5.0)
    assert progress_line(resumed) == (
        "600/1000 programs  20/s  17% cache hits  75% dead statements"
        "  best +0.2500 on its worst task, 220 programs ago  0m20s left"
    )
    only_stored = replace(HALF, replayed=500, evaluated=0, seconds=0.0)
    assert progress_line(only_stored) == (
        "500/1000 programs  -/s  20% cache hits  75% dead statements"
        "  best +0.2500 on its worst task, 120 programs ago  ? left"
    )
    almost_two_minutes = replace(HALF, seconds=119.7)
    assert progress_line(almost_two_minutes).endswith("  2m00s left")
    replaying = replace(HALF, evaluated=0, seconds=0.0)
    assert progress_line(replaying).endswith("  ? left")
    too_few_to_tell = replace(HALF, told=599, replayed=500, seconds=5.0)
    assert progress_line(too_few_to_tell).endswith("  ? left")
    finished = replace(HALF, told=1000, replayed=1000, evaluated=0, seconds=0.0)
    assert progress_line(finished).endswith(" on its worst task")


def test_a_time_limit_shortens_what_is_left():
    assert progress_line(replace(HALF, limit=80.0)).endswith("  0m15s left")
    assert progress_line(replace(NOTHING, limit=5400.0)).endswith("  at most 1h30m left")
    assert progress_line(replace(HALF, limit=50.0)).endswith("  0m00s left")


def test_without_a_terminal_a_line_now_and_then(capsys):
    with ProgressDisplay() as display:
        display.step("starting workers")
        for _ in range(5):
            display(HALF)
        display.step("training with 3 elites")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == ["starting workers", progress_line(HALF), "training with 3 elites"]


def test_a_terminal_shows_steps_and_the_best_program_and_what_it_is(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def shown():
        return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", sys.stderr.getvalue())

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with ProgressDisplay() as display:
        display.step("starting workers")
        wait_until(lambda: "starting workers" in shown())
        display(NOTHING)
        display(HALF)
        wait_until(lambda: "it is sgd with " in shown())
    assert "500 of 1000, 8 a second" in shown()
    assert "120 programs, 0m20s ago" in shown()
    assert "+0.2500" in shown()
    assert "def train(w, g, lr):" in shown()


def wait_until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
