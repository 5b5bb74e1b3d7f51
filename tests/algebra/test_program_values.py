import random

import pytest
from strategies import random_program

from lionsearch.algebra.emit import Emitter
from lionsearch.algebra.program_values import node_values, normalize
from lionsearch.algebra.value import leaf
from lionsearch.graph import Graph, remove_dead_code, to_graph, to_program
from lionsearch.lang import OPERATIONS, parse
from lionsearch.simplification.exact import is_valid
from lionsearch.simplification.guard import largest_difference

TAME = ("add", "subtract", "multiply", "divide", "interp", "square", "sqrt", "abs", "sign", "tanh", "maximum", "norm")


def rebuilt(program):
    """The program computed anew from nothing but the normal form of what it returns."""
    values = normalize(program)
    emitter = Emitter(values.algebra, (), (), 1000, "x", program.slots)
    outputs = [emitter.emit(value) for value in (values.update, *values.slots)]
    return to_program(Graph(tuple(emitter.nodes), outputs[0], tuple(outputs[1:]), program))


@pytest.mark.parametrize("count", [40, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("operations", [TAME, tuple(OPERATIONS)], ids=["tame", "all"])
def test_normal_form_computes_what_the_program_does(operations, count):
    everything = operations is not TAME
    close, tried = 0, 0
    for seed in range(count):
        program = remove_dead_code(random_program(random.Random(seed), 8, operations, everything=everything))
        twin = rebuilt(program)
        comparable = largest_difference(program, program) == 0  # else nothing is ever finite
        if comparable and is_valid(twin):  # g - g is a number, and no update
            tried += 1
            close += largest_difference(program, twin) < 1e-8
    assert tried > 0.7 * count
    assert close > 0.98 * tried  # the others magnify rounding errors, such as sin(1e9 g)


def test_values_of_nodes_leave_out_copies():
    program = parse("def train(w, g, lr):\n  x = g\n  y = x * 2\n  return y")
    values = normalize(program)
    assert len(values.statements) == 2
    assert node_values(to_graph(program), values) == [values.update]


def test_slots_can_start_as_something_else():
    program = parse("def train(w, g, m, lr):\n  m = m + g\n  return m, m")
    double = normalize(program).algebra.scaled(leaf("m"), 2.0)
    found = normalize(program, {"m": double})
    assert found.update == normalize(parse("def train(w, g, m, lr): return m * 2 + g, m")).update
