import pytest
from reports.made_runs import make_run

from lionsearch.errors import RunError
from lionsearch.reports.story import diff, tell_story


def test_a_story_goes_from_the_start_to_the_best(tmp_path):
    first, second, third = tell_story(make_run(tmp_path / "run"))
    assert [first.candidate, second.candidate, third.candidate] == [0, 1, 2]
    assert (first.before, second.before, third.before) == (None, 0.01, 0.05)
    assert {line.mark for line in first.lines} == {" "}
    assert [str(line) for line in second.lines if line.mark != " "] == [
        "-     update = m * lr",
        "+     v1 = sign(m)",
        "+     update = v1 * lr",
    ]
    assert (third.change, third.score, third.seeds) == ("tune + match", 0.08, 2)


def test_a_step_that_changes_nothing_is_left_out_and_counted(tmp_path):
    run = make_run(tmp_path / "run", 7)
    chapters = tell_story(run, 6)
    assert [chapter.candidate for chapter in chapters] == [0, 6]
    with pytest.raises(RunError, match="there is no candidate 50"):
        tell_story(run, 50)


def test_a_diff_has_every_line_once():
    lines = diff("def train(a):\n    x = 1\n    y = 2\n", "def train(a):\n    y = 2\n    z = 3\n")
    assert [str(line) for line in lines] == ["  def train(a):", "-     x = 1", "      y = 2", "+     z = 3"]
