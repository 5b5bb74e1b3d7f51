import pytest

from lionsearch.catalog import load_program
from lionsearch.lang import parse
from lionsearch.reports.behaviour import LANDMARKS, lay_out


def far(one, other):
    return ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5


def test_programs_that_do_the_same_lie_at_one_place():
    slow = load_program("adamw").with_hyperparameters({"lr_scale": 1e-6})
    other = parse("def train(w, g, lr):\n  v = g * 3.0\n  return v * lr")
    found = lay_out([slow, other, load_program("lion")])
    assert set(found.landmarks) == {*LANDMARKS}
    assert far(found.spots[0], found.landmarks["adamw"]) < 1e-6
    assert far(found.spots[1], found.landmarks["sgd"]) < 0.2  # which has weight decay
    assert far(found.spots[2], found.landmarks["sgd"]) > far(found.spots[1], found.landmarks["sgd"])
    assert 0.5 < found.shown <= 1


@pytest.mark.parametrize("text", ["return exp(exp(exp(g * 1e9))) * lr", "return log(g * 0.0) * lr"])
def test_what_is_no_number_has_no_place(text):
    wild = parse(f"def train(w, g, lr):\n  {text}")
    assert lay_out([wild, load_program("lion")]) is None
    found = lay_out([load_program("lion"), wild, load_program("sgd")])
    assert [spot is None for spot in found.spots] == [False, True, False]


def test_what_asks_for_more_than_is_made_up_has_no_place():
    found = lay_out([load_program("sophia_g"), load_program("lion"), load_program("sgd")])
    assert found.spots[0] is None


def test_a_map_needs_two_programs():
    assert lay_out([]) is None
    assert lay_out([load_program("lion")]) is None
