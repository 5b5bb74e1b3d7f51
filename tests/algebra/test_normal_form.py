import pytest

from lionsearch.algebra.program_values import normalize
from lionsearch.lang import parse


def value(expression: str, slots: str = ""):
    returned = f", {slots}" if slots else ""
    program = parse(f"def train(w, g, {slots + ', ' if slots else ''}lr, t): return {expression}{returned}")
    return normalize(program).update


EQUAL = [
    ("g / sqrt(g * g)", "sign(g)"),
    ("g / g", "abs(sign(g))"),
    ("square(sqrt(g))", "abs(g)"),
    ("cube(g) / square(g)", "g"),
    ("sqrt(square(g) * abs(w))", "abs(g) * sqrt(w)"),
    ("interp(g, interp(g, w, 0.9), 0.5)", "interp(g, w, 0.45)"),
    ("w * lr + g * lr", "lr * (g + w)"),
    ("2 * (g + 3 * w) - w", "g + g + 5 * w"),
    ("sin(-g)", "-sin(g)"),
    ("cos(0.5 - w)", "cos(w - 0.5)"),
    ("norm(-3 * g) * w", "3 * norm(g) * w"),
    ("clip(2 * g, 0.5)", "2 * clip(g, 0.25)"),
    ("maximum(2 * g, w)", "2 * maximum(0.5 * w, g)"),
    ("orthogonalize(-5 * g)", "-orthogonalize(g)"),
    ("where(t > 1, g, g)", "g"),
    ("size(g) * w", "w * size(w)"),
    ("g - g + w", "w"),
    ("sqrt(0.6270633339881897) * g", "g * 0.79187330677842"),
    ("sign(cosh(g)) * w", "w"),
    ("exp(g) / exp(g) * w", "sign(exp(g)) * w"),  # it underflows
    ("invert(g)", "-1 - g"),
    ("g ** 2", "g * g"),
    ("sqrt(abs(g))", "sqrt(g)"),
    ("1 / (1 / g)", "g"),
    ("t / t * g", "g"),
    ("(2 * t < t) * g", "(t < 0.5 * t) * g"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal(one, other):
    assert value(one) == value(other)


DIFFERENT = [
    ("g / g", "0 * g + 1"),  # 0 at 0
    ("sign(g)", "g"),
    ("sqrt(g)", "g ** 0.5"),  # NaN below 0
    ("maximum(-g, w)", "-maximum(g, w)"),
    ("interp(g, w, lr)", "interp(g, w, 0.5)"),
    ("log(2 * g)", "2 * log(g)"),
    ("clip(g, lr)", "g"),
    ("power(w, lr)", "power(g, lr)"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one, other):
    assert value(one) != value(other)


def test_slots_that_only_gather_squares_are_never_negative():
    text = "def train(w, g, v, lr):\n  v = interp(square(g), v, 0.9)\n  return {} * w, v"
    assert normalize(parse(text.format("abs(v)"))).update == normalize(parse(text.format("v"))).update
    signed = "def train(w, g, v, lr):\n  v = interp(g, v, 0.9)\n  return {} * w, v"
    assert normalize(parse(signed.format("abs(v)"))).update != normalize(parse(signed.format("v"))).update
