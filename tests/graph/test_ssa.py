import random

from strategies import random_program

from lionsearch.graph import find_live_nodes, fingerprint, infer_kinds, replace_node, to_graph, to_program
from lionsearch.lang import format_program, parse
from lionsearch.simplify.guard import largest_difference


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


def test_replaced_nodes_leave_their_readers_in_place():
    graph = to_graph(parse("def train(w, g, lr):\n  x = sin(g)\n  y = x + w\n  return y"))
    changed = replace_node(graph, 0, [], "g")
    assert format_program(to_program(changed)) == "def train(w, g, lr):\n    y = g + w\n    return y\n"
    assert len(find_live_nodes(graph).nodes) == 2
    assert len(find_live_nodes(changed).nodes) == 1
