import math

from lionsearch.catalog import load_program
from lionsearch.lang import parse
from lionsearch.simplify.guard import agree, largest_difference


def test_a_program_agrees_with_itself_and_not_with_another():
    known = load_program("momentum")
    assert largest_difference(known, known) == 0
    assert not agree(known, known.with_hyperparameters({"b1": 0.900001}))
    assert agree(known, known.with_hyperparameters({"b1": 0.900001}), tolerance=1.0)


def test_what_blows_up_differs_from_what_does_not():
    sgd, wild = (
        parse("def train(w, g, lr): return g * lr"),
        parse("def train(w, g, lr): return exp(exp(exp(w)) * 9) * g"),
    )
    assert largest_difference(sgd, wild) == math.inf
    assert largest_difference(wild, wild) == 0


def test_every_input_is_there():
    text = "def train(w, g, lr, t, loss, h, h_gnb, g_ahead, g_anchor, g_full): return (h + h_gnb + g_ahead) * loss * t"
    program = parse(text.replace("* t", "* t + g_anchor - g_full"))
    assert largest_difference(program, program) == 0
