from dataclasses import dataclass

import pytest

from lionsearch.graph import find_live
from lionsearch.identification import identify
from lionsearch.lang import parse
from lionsearch.simplification.paired import Difference
from lionsearch.simplification.removal import remove_little


@dataclass
class Judge:
    """A program's score is the sum of what its operations are worth."""

    worth: dict[str, float]

    def score(self, program):
        return sum(self.worth.get(statement.operation, 0.0) for statement in program.statements)

    def within(self, program, base, tolerance):
        change = self.score(program) - self.score(base)
        return Difference((change,), (0.0,)) if abs(change) <= tolerance else None


PROGRAM = parse("def train(w, g, lr):\n  x = sin(g)\n  y = tanh(x)\n  z = cbrt(y)\n  return z * lr")


def run(worth: dict[str, float], tolerance: float):
    steps = []
    found = remove_little(PROGRAM, PROGRAM, Judge(worth), tolerance, lambda step, program: steps.append(step))  # type: ignore[arg-type]
    return [statement.operation for statement in found.statements], [step.change for step in steps]


def test_the_least_goes_first_and_the_sum_stays_within_the_tolerance():
    left, changes = run({"sin": 0.02, "tanh": 0.01, "cbrt": 0.025, "multiply": 1.0}, 0.04)
    assert left == ["cbrt", "multiply"]
    assert changes == ["tanh(x)  ->  x", "sin(g)  ->  g"]


def test_what_makes_it_much_better_is_a_change_too():
    assert run({"sin": -5.0, "tanh": 0.5, "cbrt": 0.5, "multiply": 1.0}, 0.1) == (
        ["sin", "tanh", "cbrt", "multiply"],
        [],
    )


def test_the_gradient_and_the_learning_rate_stay():
    left, _ = run({}, 1.0)
    assert left == ["multiply"]  # g * lr
    both = parse("def train(w, g, lr):\n  a = sign(g) * lr\n  return a + g * 0.01")
    kept = remove_little(both, both, Judge({}), 1.0, lambda step, program: None)  # type: ignore[arg-type]
    assert "lr" in find_live(kept).reads
    free = parse("def train(w, g, lr): return sin(g) * 0.5")
    assert remove_little(free, free, Judge({}), 1.0, lambda step, program: None).statements == ()  # type: ignore[arg-type]


def test_an_average_whose_weight_is_a_tensor_is_made_one_with_a_constant():
    text = "def train(w, g, m, lr):\n  u = sign(interp(g, 2.0, m))\n  m = interp(g, m, 0.98)\n  return u * lr, m\n"
    steps = []
    worth = Judge({"sign": 1.0, "interp": 1.0, "multiply": 1.0})
    found = remove_little(parse(text), parse(text), worth, 0.0, lambda step, program: steps.append(step))  # type: ignore[arg-type]
    lion = identify(found)
    assert lion is not None
    assert lion.name == "lion"
    assert dict(lion.hyperparameters)["b1"] == pytest.approx(2 / 3)
    assert "interp(g, 2, m)  ->  g + 2 * m" in [step.change for step in steps]


def test_a_weight_that_counts_is_kept():
    text = "def train(w, g, m, lr):\n  u = sin(interp(g, 2.0, m))\n  m = interp(g, m, 0.98)\n  return u * lr, m\n"
    program, worth = parse(text), Judge({"sin": 1.0, "interp": 1.0, "multiply": 1.0})
    assert remove_little(program, program, worth, 0.0, lambda step, program: None) == program  # type: ignore[arg-type]
