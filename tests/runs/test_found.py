from lionsearch.archive import CandidateRow
from lionsearch.records import Evaluation, Stage, TaskResult
from lionsearch.runs.found import Ancestor, FoundProgram

TEXT = "def train(w, g, lr):\n    return g * lr\n"
RESULTS = (TaskResult("a", 1.0, 0.2, scores=(0.1, 0.3)), TaskResult("b", 1.0, 0.1))
EVALUATION = Evaluation(Stage.CONFIRM, 0.1, RESULTS, (0.15,))


def test_a_program_that_was_found_says_its_scores():
    found = FoundProgram(3, "f", 1, TEXT, EVALUATION, "run:3")
    assert found.score == 0.15
    assert list(found.scores) == ["a"]
    assert repr(found) == "FoundProgram(run:3: 1 statements, score +0.1500)"
    assert str(found) == TEXT
    assert found.program.slots == ()
    assert "<table>" in found._repr_html_()


def test_one_that_failed_has_none():
    found = FoundProgram(3, "f", 1, TEXT, Evaluation(Stage.CONFIRM, None, ()), "run:3")
    assert (found.score, found.scores, found.seeds) == (None, {}, 0)
    assert "no score" in repr(found)


def test_an_ancestor_is_a_line():
    row = CandidateRow(4, 3, "bypass", "f", 9, 8)
    assert str(Ancestor(row, EVALUATION)) == "candidate 4, bypass, 8 statements, score +0.1000"
    assert str(Ancestor(row, None)).endswith("no score")
