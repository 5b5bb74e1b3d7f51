import pytest

from lionsearch.catalog import load_program
from lionsearch.evaluation.costs import program_costs, program_state
from lionsearch.graph import check_program


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lion", (1, 0, 0)),
        ("sam_sgd", (2, 0, 0)),
        ("adahessian", (1, 0, 1)),
        ("sophia(hessian_every=4)", (1, 0, 0.25)),
        ("sophia_g(hessian_every=10)", (1.1, 0, 0)),
        ("svrg(anchor_every=50)", (2 + 1000 / 32 / 50, 0, 0)),
    ],
)
def test_inputs_cost_what_is_computed_for_them(name, expected):
    assert program_costs(load_program(name), 32, 1000) == pytest.approx(expected)


def test_what_is_not_read_costs_nothing():
    program = check_program("def train(w, g, lr, g_ahead):\n  x = g_ahead * 2.0\n  return g * lr")
    assert program_costs(program, 32, 1000) == (1, 0, 0)


def test_state_is_counted_in_numbers_for_each_parameter():
    shapes = [(4, 3), (3,), ()]
    assert program_state(load_program("sgd"), shapes) == 0
    assert program_state(load_program("adamw"), shapes) == 2
    assert program_state(load_program("adafactor"), shapes) < 2
    scalar = check_program("def train(w, g, s: scalar, lr):\n  s = s + global_norm(g)\n  return g * lr * s, s")
    assert program_state(scalar, shapes) == pytest.approx(1 / 16)
