import random

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import programs

from lionsearch.catalog import load_program
from lionsearch.evolution import MutationSettings, mutate
from lionsearch.evolution.rates import match_rate
from lionsearch.lang import parse
from lionsearch.semantics.oracle import run_oracle

ADAMW = load_program("adamw").inline_hyperparameters()
SIGN = parse("def train(w, g, m, v, lr):\n  m = interp(g, m, 0.9)\n  return sign(m) * (lr * 0.5), m, v")
SIGN_OF_GRADIENT = parse("def train(w, g, m, v, lr):\n  return sign(g) * (lr * 0.5), m, v")
SGD = parse("def train(w, g, m, v, lr):\n  lr = lr * 3.0\n  return g * lr, m, v")
"""A learning rate that is written once."""


def walk(program, steps):
    """The weights along gradients of another size than those that rates are matched on, some batches loud."""
    rng = np.random.default_rng(0)
    weights = (rng.normal(size=(6, 5)),)
    gradients = [(0.01 * rng.choice([0.2, 1.0, 5.0]) * rng.normal(size=(6, 5)),) for _ in range(steps)]
    return np.array([leaf for (leaf,) in [weights, *run_oracle(program, weights, gradients, [1.0] * steps)]])[10:]


def distance(program, window, steps=50):
    """How far, in powers of 2, a weight gets in so many steps: root mean square over time, mean over weights."""
    path = walk(program, steps)
    return float(np.mean(np.log2(np.mean(np.square(path[window:] - path[:-window]), axis=0)) / 2))


@pytest.mark.parametrize("child", [SIGN, SGD, SIGN_OF_GRADIENT], ids=["sign", "sgd", "sign of the gradient"])
def test_a_matched_child_gets_as_far_in_ten_steps_as_its_parent(child):
    matched = match_rate(child, ADAMW)
    assert abs(distance(matched, 10) - distance(ADAMW, 10)) < 0.8
    assert abs(distance(child, 10) - distance(ADAMW, 10)) > 2.0
    assert len(matched.statements) == len(child.statements)  # the constant takes the factor up


def test_what_momentum_does_not_average_makes_larger_steps_and_gets_no_further():
    parent, child = SIGN, match_rate(SIGN_OF_GRADIENT, SIGN)
    assert abs(distance(child, 10) - distance(parent, 10)) < 0.5
    assert distance(child, 1) - distance(parent, 1) > 0.7


@pytest.mark.parametrize(
    "child",
    [
        ADAMW,
        parse("def train(w, g, m, v, lr):\n  return g * 0.1, m, v"),
        parse("def train(w, g, m, v, lr):\n  return g * 0.0 * lr, m, v"),
        parse("def train(w, g, m, v, lr):\n  x = exp(exp(exp(g * 100.0)))\n  return x * lr, m, v"),
        parse("def train(w, g, m, v, lr, h):\n  return g / h * lr, m, v"),
    ],
    ids=["the same", "no rate", "no update", "not finite", "other inputs"],
)
def test_what_cannot_be_matched_stays_as_it_is(child):
    assert match_rate(child, ADAMW) == child


@settings(max_examples=40)
@given(child=programs(max_length=8), parent=programs(max_length=8))
def test_any_two_programs_can_be_given(child, parent):
    child, parent = child.inline_hyperparameters(), parent.inline_hyperparameters()
    matched = match_rate(child, parent)
    assert matched == child or len(matched.statements) <= len(child.statements) + 1
    assert match_rate(child, parent) == matched


def test_children_are_matched_as_often_as_asked():
    always = MutationSettings(match=1.0, rescale=0.0)
    names = [mutate(ADAMW, random.Random(seed), always)[1] for seed in range(200)]
    assert sum("match" in name for name in names) > 60
    never = MutationSettings(match=0.0, rescale=0.0)
    assert not any("match" in mutate(ADAMW, random.Random(seed), never)[1] for seed in range(200))
