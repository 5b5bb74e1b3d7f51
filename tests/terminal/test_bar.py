import io
import re
import sys

from lionsearch.terminal.bar import show_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_how_much_is_done(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with show_bar("training \x1b[31m", "trainings") as listener:
        listener(3, 4)
        listener(4, 4)
    shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", sys.stderr.getvalue())
    assert "training \\u001b[31m" in shown
    assert re.search(r"4/4 trainings, \d", shown)


def test_elsewhere_nothing_is_shown(capsys):
    with show_bar("training", "trainings") as listener:
        listener(1, 2)
        print("a result")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("a result\n", "")
