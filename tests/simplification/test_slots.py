import pytest

from lionsearch.algebra.program_values import normalize
from lionsearch.graph import check_program
from lionsearch.lang import Program
from lionsearch.simplification.exact import simplify_exactly
from lionsearch.simplification.guard import agree
from lionsearch.simplification.slots import drop_zero_slots, merge_slots, rescale_slots


def merged(text: str) -> list[Program]:
    program = check_program(text)
    return [changed for changed in merge_slots(program, normalize(program)) if agree(program, changed)]


@pytest.mark.parametrize(
    "second", ["interp(g, v, 0.9)", "0.3 * g + 0.9 * v", "0.9 * v - 0.1 * g", "square(m)", "tanh(m) * 2"]
)
def test_merged(second):
    text = f"def train(w, g, m, v, lr):\n  x = v + m\n  m = interp(g, m, 0.9)\n  v = {second}\n  return x, m, v"
    assert any(len(changed.slots) == 1 for changed in merged(text))


@pytest.mark.parametrize("second", ["interp(g, v, 0.8)", "interp(w, v, 0.9)", "cos(m)", "m + g"])
def test_not_merged(second):
    text = f"def train(w, g, m, v, lr):\n  x = v + m\n  m = interp(g, m, 0.9)\n  v = {second}\n  return x, m, v"
    assert merged(text) == []


def test_rescaled_slots_take_the_same_steps():
    program = check_program("def train(w, g, m, lr):\n  m = 2 * g + 0.9 * m\n  return sin(m) * lr, m")
    found = list(rescale_slots(program, normalize(program)))
    assert len(found) == 2
    assert all(agree(program, changed) for changed in found)


def test_a_function_that_is_not_0_at_0_is_no_start():
    text = "def train(w, g, m, v, lr):\n  x = v + m\n  m = interp(arcsin(g), m, 0.9)\n  v = cos(m)\n  return x, m, v"
    program = check_program(text)
    assert list(merge_slots(program, normalize(program))) == []


def test_slots_that_stay_at_0_go():
    text = "def train(w, g, m, v, u, lr):\n  m = m * 0.9 + v\n  v = sin(m)\n  u = u + g\n  return u + m, m, v, u"
    program = check_program(text)
    found = list(drop_zero_slots(program))
    assert sorted(len(changed.slots) for changed in found) == [2, 2]
    assert all(agree(program, changed) for changed in found)
    shorter, _ = simplify_exactly(program)
    assert shorter.slots == ("u",)
