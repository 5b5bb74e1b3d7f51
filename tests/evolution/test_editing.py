import random

from hypothesis import given
from hypothesis import strategies as st
from strategies import programs

from lionsearch.evolution.editing import Read, close_program, open_program, with_insertion, with_node, with_read
from lionsearch.graph import Node, fingerprint, infer_kinds
from lionsearch.lang import Kind, format_program, parse

PARENT = parse(
    "def train(w, g, m, v, lr):\n"
    "  dead = cos(w)\n"
    "  x = g * 0.5\n"
    "  m = interp(x, m, 0.9)\n"
    "  v = square(x)\n"
    "  u = m * lr\n"
    "  return u, m, v"
)


def text(graph):
    return [line.strip() for line in format_program(close_program(graph)).splitlines()[1:-1]]


@given(program=programs(max_length=10) | programs(max_length=10, everything=True))
def test_there_and_back_is_the_same_live_program(program):
    plain = program.inline_hyperparameters()
    again = close_program(open_program(plain).graph)
    infer_kinds(again)
    assert fingerprint(again) == fingerprint(plain)
    assert (again.state, again.optional_inputs) == (plain.state, plain.optional_inputs)


def test_reads_are_those_of_live_code():
    live = open_program(PARENT)
    assert [node.operation for node in live.graph.nodes] == ["multiply", "interp", "multiply"]
    assert live.dead_slots == ("v",)
    assert live.reads == (
        Read(0, 0, "g"),
        Read(1, 0, 0),
        Read(1, 1, "m"),
        Read(2, 0, 1),
        Read(2, 1, "lr"),
        Read(3, 0, 2),
        Read(3, 1, 1),
    )


def test_kinds_are_known():
    live = open_program(parse("def train(w, g, m, lr):\n  n = norm(g)\n  r = lr * 2\n  return g / n * r, m"))
    assert live.kinds == (Kind.PER_TENSOR, Kind.SCALAR, Kind.TENSOR, Kind.TENSOR)
    assert [live.kind(value) for value in (0, "g", "lr", 0.5)] == [
        Kind.PER_TENSOR,
        Kind.TENSOR,
        Kind.SCALAR,
        Kind.SCALAR,
    ]
    assert set(live.known_before(1)) == {"w", "g", "m", "lr", 0}


def test_a_read_of_an_argument_the_update_and_a_slot_can_change():
    graph = open_program(PARENT).graph
    assert text(with_read(graph, Read(1, 0, 0), "w"))[0] == "m = interp(w, m, 0.9)"
    assert text(with_read(graph, Read(3, 0, 2), 0)) == ["x = g * 0.5"]
    assert text(with_read(graph, Read(3, 1, 1), 0)) == [
        "x = g * 0.5",
        "v1 = interp(x, m, 0.9)",
        "u = v1 * lr",
        "m = x",
    ]


def test_what_is_inserted_comes_before_what_stood_there():
    graph = with_insertion(open_program(PARENT).graph, 1, (Node("sin", (0,), "s"), Node("cos", (1,), "c")))
    assert [node.arguments for node in graph.nodes] == [("g", 0.5), (0,), (1,), (0, "m", 0.9), (3, "lr")]
    assert (graph.update, graph.slots) == (4, (3, "v"))


def test_another_node_at_a_place():
    graph = open_program(PARENT).graph
    assert text(with_node(graph, 0, Node("sin", ("g",), "x")))[0] == "x = sin(g)"


@given(program=programs(max_length=8), seed=st.integers(0, 2**32))
def test_any_insertion_that_nothing_reads_changes_nothing(program, seed):
    live = open_program(program.inline_hyperparameters())
    place = random.Random(seed).randrange(len(live.graph.nodes) + 1)
    longer = with_insertion(live.graph, place, (Node("sin", ("g",), "s"),))
    assert fingerprint(close_program(longer)) == fingerprint(program)
