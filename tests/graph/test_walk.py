import pytest

from lionsearch.graph import to_graph
from lionsearch.graph.walk import statements, walk
from lionsearch.lang import parse

PROGRAM = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.5)\n  m = m * m\n  return m - w, m\n")


def spell(row, given):
    return f"{row.name}({', '.join(given)})"


def test_a_name_stands_for_its_latest_value():
    values = {name: name for name in PROGRAM.initial_variables}
    found = walk(statements(PROGRAM), values, spell, repr)
    assert found == [
        "interp(g, m, 0.5)",
        "multiply(interp(g, m, 0.5), interp(g, m, 0.5))",
        f"subtract({found[1]}, w)",
    ]
    assert values[PROGRAM.update] == found[2]
    assert values["m"] == found[1]


def test_a_graph_gives_what_its_program_gives():
    values = {name: name for name in PROGRAM.initial_variables}
    by_statements = walk(statements(PROGRAM), dict(values), spell, repr)
    graph = to_graph(PROGRAM)
    by_nodes = walk(graph.steps, values, spell, repr)
    assert by_nodes == by_statements
    assert values[graph.update] == by_nodes[-1]


def test_the_number_1_is_no_reference_to_node_1():
    steps = [(0, "sin", ("g",)), (1, "cos", ("g",)), (2, "add", (1.0, 1))]
    assert walk(steps, {"g": "g"}, spell, repr)[2] == "add(1.0, cos(g))"


def test_what_is_not_there_is_named():
    with pytest.raises(KeyError, match="'x'"):
        walk([("y", "sin", ("x",))], {}, spell, repr)
