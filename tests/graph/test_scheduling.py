import random

import pytest
from strategies import random_program

from lionsearch.graph import fingerprint, infer_kinds, to_graph, to_program
from lionsearch.lang import format_program, parse
from lionsearch.simplification.guard import largest_difference


def test_there_and_back_is_the_same_program():
    for seed in range(300):
        program = random_program(random.Random(seed), 12, everything=seed % 2 == 1)
        again = to_program(to_graph(program))
        infer_kinds(again)
        assert fingerprint(again) == fingerprint(program)


def test_what_people_wrote_keeps_its_names():
    text = "def train(w, g, m, lr, *, b1=0.9):\n    m = interp(g, m, b1)\n    update = m * lr\n    return update, m\n"
    assert format_program(to_program(to_graph(parse(text)))) == text


def test_slots_that_change_places_are_copied():
    program = parse("def train(w, g, m, v, lr):\n  x = m\n  m = v\n  v = x + g\n  return m + v, m, v")
    again = to_program(to_graph(program))
    assert largest_difference(program, again) == 0
    swap = parse("def train(w, g, m, v, lr):\n  x = m + g\n  y = v + m\n  m = y\n  v = x\n  return m - v, m, v")
    assert largest_difference(swap, to_program(to_graph(swap))) == 0


def test_an_update_that_is_a_slots_old_value():
    program = parse("def train(w, g, m, lr):\n  old = m\n  m = g\n  return old, m")
    assert largest_difference(program, to_program(to_graph(program))) == 0


@pytest.mark.parametrize(
    ("body", "returned"),
    [
        ("x = a + g\n  a = b\n  b = g * 2", "x, a, b"),  # what only hands a value on is live, too
        ("x = a + g\n  a = b\n  b = c\n  c = g * lr", "x, a, b, c"),
        ("x = b + g\n  b = a\n  a = x", "x, a, b"),
    ],
)
def test_slots_that_hand_their_values_on(body, returned):
    slots = ", ".join(returned.split(", ")[1:])
    program = parse(f"def train(w, g, {slots}, lr):\n  {body}\n  return {returned}\n")
    again = to_program(to_graph(program))
    assert again.slots == program.slots
    assert largest_difference(program, again) == 0
