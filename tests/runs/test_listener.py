from lionsearch.runs.listener import Silence
from lionsearch.runs.result import Progress


def test_silence_takes_all_and_shows_nothing(capsys):
    with Silence() as display:
        display.step("compiling")
        display(Progress(0, 1, 0, 0, 0, 0, 0, 0.0, None))
    assert capsys.readouterr() == ("", "")
