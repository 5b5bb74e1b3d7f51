from pathlib import Path

import pytest

from lionsearch.terminal.display import command_line, format_score, print_table


@pytest.mark.parametrize(("score", "text"), [(None, "-"), (0.0, "+0.0000"), (-0.12345, "-0.1235"), (12.0, "+12.0000")])
def test_scores_have_a_sign(score, text):
    assert format_score(score) == text


def test_a_command_can_be_pasted_wherever_lionsearch_is(monkeypatch):
    monkeypatch.setattr("sys.argv", [".venv/bin/lionsearch", "search"])
    monkeypatch.setattr("shutil.which", lambda name: str(Path(".venv/bin/lionsearch").resolve()))
    assert command_line("inspect", Path("runs/a b")) == "lionsearch inspect 'runs/a b'"
    for other in (None, "/usr/bin/lionsearch"):
        monkeypatch.setattr("shutil.which", lambda name, other=other: other)
        assert command_line("inspect", "run") == ".venv/bin/lionsearch inspect run"


def test_numbers_stand_to_the_right(capsys):
    print_table(("name", "some_loss"), [("a [b]", 1.5), ("long name", None), ("c", 123456.0)])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["name       some_loss", "a [b]            1.5", "long name          -", "c          1.235e+05"]


def test_long_lines_are_not_folded_where_there_is_no_terminal(capsys):
    print_table(("a", "b"), [("x" * 60, "y" * 60)])
    assert len(capsys.readouterr().out.splitlines()) == 2
