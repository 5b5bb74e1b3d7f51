from lionsearch.comparison.laboratory import Work
from lionsearch.terminal import trainings
from lionsearch.terminal.trainings import TrainingsDisplay


def test_away_from_a_terminal_it_is_a_line_now_and_then(capsys, monkeypatch):
    clock = iter(sorted([0.0, *[1.0] * 2, *[11.0] * 3, *[12.0] * 2, *[25.0] * 3]))
    monkeypatch.setattr(trainings.time, "monotonic", lambda: next(clock))
    display = TrainingsDisplay()
    for done in (1, 12, 13, 30):
        display(Work(done, 7, "digits\x1b[2J"))
    display.close()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" in ")[0] for line in lines] == ["12 trainings", "30 trainings"]
    assert "at least 7 more to come; last on digits" in lines[0]
    assert "\x1b" not in lines[0]
