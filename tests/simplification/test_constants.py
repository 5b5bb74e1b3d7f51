import math
from dataclasses import dataclass

import pytest

from lionsearch.lang import format_program, parse
from lionsearch.simplification.constants import merge_decays, name_constants, round_constants
from lionsearch.simplification.paired import Difference


@dataclass
class Judge:
    """Takes everything within a limit on the change of any constant, relative to its size."""

    allowed: float

    def within(self, program, base, tolerance):
        ours, theirs = (_constants(p) for p in (program, base))
        if len(ours) != len(theirs):
            return Difference((0.0,), (0.0,)) if self.allowed == math.inf else None
        change = max((abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True)), default=0.0)
        return Difference((change,), (0.0,)) if change <= self.allowed else None

    def score(self, program):
        return 0.0


def _constants(program):
    literals = [a for s in program.statements for a in s.arguments if isinstance(a, float)]
    return [*literals, *(value for _, value in program.hyperparameters)]


def ignore(step, program):
    pass


def test_names_for_what_has_a_role():
    text = """def train(w, g, m, v, lr):
    m = interp(g, m, 0.9)
    v = v * 0.99
    v = v + g
    x = sqrt(v)
    x = x + 1e-8
    x = m / x
    d = w * 0.1
    x = x + d
    lr = lr * 0.002
    x = x * lr
    return x, m, v
"""
    named = name_constants(parse(text))
    expected = {"b1": 0.9, "b2": 0.99, "eps": 1e-8, "weight_decay": 0.1, "lr_scale": 0.002}
    assert list(dict(named.hyperparameters).items()) == [
        (name, expected[name]) for name in ("b1", "b2", "weight_decay", "eps", "lr_scale")
    ]
    assert name_constants(named) == named
    assert named.inline_hyperparameters().statements == parse(text).statements


def test_bias_corrections_have_the_names_of_their_decays():
    text = """def train(w, g, v, m, lr, t):
    g2 = 0.5 * g * g
    v = interp(g2, v, 0.95)
    m = interp(g, m, 0.8)
    x = 0.8 ** t
    y = 0.95 ** t
    x = 1 - x
    y = 1 - y
    x = m / x
    y = v / y
    y = sqrt(y)
    x = x / y
    return x, v, m
"""
    named = name_constants(parse(text))
    assert dict(named.hyperparameters) == {"b1": 0.8, "b2": 0.95}  # the first moment's is the first
    assert [s.arguments for s in named.statements[2:6]] == [
        ("g2", "v", "b2"),
        ("g", "m", "b1"),
        ("b1", "t"),
        ("b2", "t"),
    ]


def test_the_decay_of_squares_alone_is_the_second():
    text = "def train(w, g, v, lr):\n  g2 = g * g\n  v = interp(g2, v, 0.97)\n  x = sqrt(v)\n  x = g / x\n  return x, v"
    assert name_constants(parse(text)).hyperparameters == (("b2", 0.97),)


def test_no_names_for_what_has_none():
    text = "def train(w, g, m, lr):\n  m = interp(m, g, 0.9)\n  x = m * 3.5\n  x = x + 0.3\n  return x, m"
    assert name_constants(parse(text)).hyperparameters == ()


def test_names_that_are_taken_are_left_alone():
    text = "def train(w, g, m, lr, *, b1=0.5):\n  m = interp(g, m, 0.9)\n  weight_decay = w * 0.1"
    text += "\n  x = m * b1\n  x = x + weight_decay\n  return x, m"
    assert dict(name_constants(parse(text)).hyperparameters) == {"b1": 0.5, "b2": 0.9}


@pytest.mark.parametrize(
    ("value", "allowed", "expected"),
    [
        (0.8999999761581421, 0.01, 0.9),
        (0.998219678184199, 0.01, 0.998),
        (0.998219678184199, 1e-5, 0.99822),
        (0.00021717617, 0.1, 0.0002),
        (0.00021717617, 0.02, 0.00022),
        (0.00021717617, 0.0, 0.00021717617),
        (0.123, 1.0, 0.123),  # short enough
    ],
)
def test_rounded_to_the_fewest_digits(value, allowed, expected):
    program = parse(f"def train(w, g, lr): return g * {value!r}")
    found = round_constants(program, program, Judge(allowed), 1.0, ignore)
    assert _constants(found) == [expected]
    assert round_constants(found, found, Judge(allowed), 1.0, ignore) == found


def test_decays_become_one_where_that_is_allowed():
    text = "def train(w, g, m, lr, *, b1=0.9, b2=0.99):\n  u = interp(g, m, b1)\n  m = interp(g, m, b2)\n  return u, m"
    program = parse(text)
    merged = merge_decays(program, program, Judge(math.inf), 1.0, ignore)
    assert format_program(merged).splitlines() == [
        "def train(w, g, m, lr, *, b1=0.9):",
        "    m = interp(g, m, b1)",
        "    return m, m",
    ]
    assert merge_decays(program, program, Judge(0.0), 1.0, ignore) == program
