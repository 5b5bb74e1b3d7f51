import pytest
from api.given_tasks import make_task

import lionsearch
from lionsearch.errors import SettingError, TaskError, UnknownNameError


@pytest.fixture(scope="module")
def scores():
    sgd = lionsearch.parse("def train(w, g, lr): return g * lr * 0.001")
    blown = lionsearch.parse("def train(w, g, lr): return g * 1e30")
    return lionsearch.evaluate(["adamw", sgd, blown], make_task(), seeds=2)


def test_adamw_scores_zero_against_itself(scores):
    adamw, sgd, blown = scores
    assert (adamw.program, adamw.task, len(adamw.scores)) == ("adamw", "sine", 2)
    assert abs(adamw.score) < 0.01
    assert sgd.score < adamw.score
    assert (sgd.program, blown.program) == ("program 1", "program 2")
    assert (blown.score, str(blown.failure.kind)) == (None, "non_finite")


def test_scores_are_a_table(scores):
    rows = scores.table()
    assert [row["program"] for row in rows] == ["adamw", "program 1", "program 2"]
    assert rows[2]["failure"].startswith("non_finite: ")
    assert repr(scores).splitlines()[0].startswith("adamw on sine: ")
    assert scores._repr_html_().count("<tr>") == 4
    assert len(scores[:2]) == 2


def test_the_validation_split_is_another_one(scores):
    [found] = lionsearch.evaluate("adamw", make_task(), seeds=2, split="validation")
    assert found.loss != scores[0].loss


def test_tune_finds_a_rate_and_tuned_puts_it_into_the_task():
    task = make_task(learning_rate=0.0001)
    found = lionsearch.tune("adamw", task, seeds=1)
    assert found.at_edge, "0.0001 is far too small"
    better = lionsearch.tuned(task, seeds=1)
    assert better.learning_rate > found.best.learning_rate
    assert better.make() is task.make()
    again = lionsearch.evaluate("adamw", better, seeds=1)[0]
    before = lionsearch.evaluate("adamw", task, seeds=1)[0]
    assert again.loss < before.loss


def test_a_sampler_proposes_the_points_in_place_of_the_grid():
    found = lionsearch.tune("adamw", make_task(), seeds=1, sampler="tpe", trials=15)
    assert len(found.points) == 15
    assert {point.weight_decay for point in found.points} >= {0.0}
    assert found.best.loss < sorted(point.loss for point in found.points)[7]


def test_what_cannot_be():
    with pytest.raises(UnknownNameError, match="unknown sampler 'grid'"):
        lionsearch.tune("adamw", make_task(), seeds=1, sampler="grid")
    with pytest.raises(SettingError, match="trials is 0; expected 1 to 10000"):
        lionsearch.tune("adamw", make_task(), seeds=1, sampler="tpe", trials=0)
    with pytest.raises(SettingError, match="split is 'train'; expected 'test' or 'validation'"):
        lionsearch.evaluate("adamw", make_task(), split="train")
    with pytest.raises(SettingError, match="seeds is 0; expected 1 to"):
        lionsearch.evaluate("adamw", make_task(), seeds=0)
    with pytest.raises(SettingError, match="seeds is 0; expected 1 to"):
        lionsearch.tune("adamw", make_task(), seeds=0)
    with pytest.raises(TaskError, match=r"sine: the factory returned int; expected .*Problem"):
        lionsearch.evaluate("adamw", lionsearch.Task(lambda: 3, name="sine"))
