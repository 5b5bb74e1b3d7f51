import math

import pytest

from lionsearch.catalog import load_program
from lionsearch.lang import parse
from lionsearch.simplification.guard import agree, largest_difference


def test_a_program_agrees_with_itself_and_not_with_another():
    known = load_program("momentum")
    assert largest_difference(known, known) == 0
    assert not agree(known, known.with_hyperparameters({"b1": 0.900001}))
    assert agree(known, known.with_hyperparameters({"b1": 0.900001}), tolerance=1.0)


def test_what_blows_up_differs_from_what_does_not():
    sgd = parse("def train(w, g, lr): return g * lr")
    wild = parse("def train(w, g, lr): return exp(exp(exp(w * 9) * 9)) * g")
    assert largest_difference(sgd, wild) == math.inf
    nothing = parse("def train(w, g, lr): return arccosh(0) * g")
    assert largest_difference(nothing, nothing) == math.inf  # nothing could be compared


@pytest.mark.parametrize("operation", ["arcsin", "arctanh", "arccos", "log1p"])
def test_operations_with_a_small_domain_are_seen(operation):
    text = "def train(w, g, v, lr):\n  s = {} + v\n  x = {}(g)\n  v = cos(x)\n  return s * x, v"
    one, other = (parse(text.format(start, operation)) for start in ("0 * w", "0 * w + 0.001"))
    assert not agree(one, other)
    assert agree(one, one)


def test_tiny_updates_are_seen():
    text = "def train(w, g, lr): return {} * 1e-9 * lr"
    assert not agree(parse(text.format("g")), parse(text.format("(g + 0.001 * w)")))


def test_every_input_is_there():
    text = "def train(w, g, lr, t, loss, h, h_gnb, g_ahead, g_anchor, g_full): return (h + h_gnb + g_ahead) * loss * t"
    program = parse(text.replace("* t", "* t + g_anchor - g_full"))
    assert largest_difference(program, program) == 0
