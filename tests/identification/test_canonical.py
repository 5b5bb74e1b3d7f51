import random

import numpy as np
import pytest
from simplification.disguise import add_dead_statements, perturb, rename

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.identification.canonical import aligned_constants, canonicalize
from lionsearch.lang import parse


@pytest.mark.parametrize("name", PROGRAMS.names()[::4])
def test_names_and_dead_code_change_nothing(name):
    program = load_program(name)
    plain = canonicalize(program)
    other = canonicalize(add_dead_statements(rename(program), random.Random(3)))
    assert other.skeleton == plain.skeleton
    ours, theirs = aligned_constants(plain, other)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_constants_change_the_constants_only():
    lion = load_program("lion")
    plain, other = canonicalize(lion), canonicalize(perturb(lion, random.Random(1)))
    assert plain.skeleton == other.skeleton
    ours, theirs = aligned_constants(plain, other)
    assert np.max(np.abs(ours - theirs)) > 1e-3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("m = 0.9 * m + 0.1 * g\n  return m * lr, m", "m = 0.9 * m + g\n  return m * (0.1 * lr), m"),
        ("m = interp(g, m, 0.9)\n  return sign(m) * lr, m", "m = 0.9 * m - 5 * g\n  return sign(m) * -lr, m"),
        (
            "m = interp(g, m, 0.9)\n  return (m + 0.1 * w) * lr, m",
            "m = interp(g, m, 0.9)\n  return w * lr * 0.1 + lr * m, m",
        ),
    ],
)
def test_units_of_the_state_change_nothing(one, other):
    forms = [canonicalize(parse(f"def train(w, g, m, lr):\n  {body}")) for body in (one, other)]
    assert forms[0].skeleton == forms[1].skeleton
    ours, theirs = aligned_constants(*forms)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_the_order_of_slots_changes_nothing():
    body = "m = interp(g, m, 0.9)\n  v = interp(square(g), v, 0.99)\n  return m / sqrt(v) * lr"
    forms = [canonicalize(parse(f"def train(w, g, {s}, lr):\n  {body}, {s}")) for s in ("m, v", "v, m")]
    assert forms[0].skeleton == forms[1].skeleton


def test_other_methods_have_other_skeletons():
    names = ("sgd", "adam", "adamax", "lion", "adabelief", "yogi", "muon", "lamb", "rprop", "adan")
    assert len({canonicalize(load_program(name)).skeleton for name in names}) == len(names)
