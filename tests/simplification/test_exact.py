import random

import numpy as np
import pytest
from peers.trajectory import VARYING, make_problem, run_program
from sampling import every
from strategies import random_program

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.graph import check_program, remove_dead_code
from lionsearch.semantics.replay import Trajectory, follow
from lionsearch.simplification.exact import simplify_exactly, size
from lionsearch.simplification.guard import TOLERANCE

LONG = [name for name in PROGRAMS.names() if len(load_program(name).statements) > 30]
SHORT = [name for name in PROGRAMS.names() if name not in LONG]


def _difference_in_training(one, other) -> float:
    """The largest difference of the weights over 40 steps of training, each gradient taken at the current weights."""
    problem = make_problem()
    histories = (run_program(program, problem, VARYING) for program in (one, other))
    return max(
        float(np.max(np.abs(a - b)) / np.max(np.abs(a)))
        for ours, theirs in zip(*histories, strict=True)
        for a, b in zip(ours, theirs, strict=True)
    )


def statements(text: str) -> list[str]:
    return [statement.operation for statement in simplify_exactly(check_program(text))[0].statements]


@pytest.mark.parametrize("name", [*every(2, SHORT), *(pytest.param(name, marks=pytest.mark.slow) for name in LONG)])
def test_every_known_program_takes_the_same_steps(name):
    program = load_program(name)
    shorter, steps = simplify_exactly(program)
    assert _difference_in_training(program, shorter) <= TOLERANCE
    assert size(shorter) <= size(remove_dead_code(program))
    assert bool(steps) == (shorter != program)
    assert simplify_exactly(shorter) == (shorter, [])


def test_the_papers_raw_program_has_nine_statements_and_one_slot_left():
    shorter, _ = simplify_exactly(load_program("lion_raw"))
    assert size(shorter)[:2] == (9, 1)
    assert [s.operation for s in shorter.statements].count("interp") == 2
    assert all("1.109" not in str(argument) for s in shorter.statements for argument in s.arguments)


def test_a_slot_that_another_determines_goes():
    assert statements(
        "def train(w, g, m, v, lr):\n  m = interp(g, m, 0.9)\n  v = 0.9 * v + 0.1 * g\n  return (m + v) * lr, m, v"
    ) == ["interp", "multiply", "multiply"]
    twice = "def train(w, g, m, v, lr):\n  x = v * lr\n  m = interp(g, m, 0.9)\n  v = m * m\n  return x + m, m, v"
    shorter, _ = simplify_exactly(check_program(twice))
    assert shorter.slots == ("m",)


def test_a_slot_in_other_units():
    text = "def train(w, g, m, lr):\n  m = g + 0.9 * m\n  return 0.1 * m * lr, m"
    assert statements(text) == ["interp", "multiply"]


def test_random_programs_never_grow_and_stay_as_they_are_the_second_time():
    for seed in range(60):
        program = random_program(random.Random(seed), 12, everything=seed % 3 == 0)
        shorter, _ = simplify_exactly(program)
        assert size(shorter) <= size(remove_dead_code(program))
        assert simplify_exactly(shorter)[0] == shorter
        if size(shorter) != size(remove_dead_code(program)):
            assert _steps_differ_by(program, shorter) < 1e-6


def _steps_differ_by(one, other, steps: int = 6) -> float:
    """The largest difference of the updates, in parts of their size, on inputs other than the guard's."""
    rng = np.random.default_rng(123)
    shapes = ((4, 3), (6,), (), (2, 2, 3))
    inputs = [
        {
            **{name: tuple(np.asarray(0.3 * rng.standard_normal(shape)) for shape in shapes) for name in ("w", "g")},
            "lr": np.float64(0.05),
            "t": np.float64(100 + step),
        }
        for step in range(steps)
    ]
    ours, theirs = (follow(program, Trajectory(tuple(inputs), shapes)) for program in (one, other))
    finite = np.isfinite(ours) & np.isfinite(theirs)
    size = np.max(np.abs(np.where(finite, ours, 0)), axis=1, keepdims=True, initial=1e-12)
    return float(np.max(np.abs(np.where(finite, ours, 0) - np.where(finite, theirs, 0)) / size))


def test_a_sum_below_a_sign_is_had_in_units_in_which_it_takes_fewer_statements():
    text = """
def train(w, g, m, lr, *, b1=0.98, lr_scale=0.003):
    lr = lr * lr_scale
    x = m * 1.5
    x = g + x
    update = sign(x)
    m = interp(g, m, b1)
    update = update * lr
    return update, m
"""
    shorter, _ = simplify_exactly(check_program(text))
    assert [s.operation for s in shorter.statements] == ["multiply", "interp", "sign", "interp", "multiply"]
    assert shorter.statements[0].arguments == ("lr", "lr_scale"), "the rest is left as it is"
    unit, _ = simplify_exactly(check_program(text.replace("sign(x)", "sin(x)")))
    assert len(unit.statements) == 6, "a sine wants its units"
