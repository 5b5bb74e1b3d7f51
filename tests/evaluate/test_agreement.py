"""The NumPy oracle, the interpreter and the compiler give the same weights.

Three implementations of float32 arithmetic differ in the last bits of most operations: another libm, fused
multiply-add, another order of sums, denormals flushed to zero. What that may do to a program's weights is measured,
not guessed: the oracle is run again in float64 with each result rounded to float32, and three times with each result
off by up to 8 ulps besides (`sensitivity.NoisySpace`). Weights agree if they differ by at most 8 times the spread of
these runs plus 4e-6 of 1 + |weight|; three runs find the size of an error, not its bound. A step whose
spread exceeds 1e-4 of 1 + |weight|, or in which noise decides whether a weight is finite, is chaotic: nothing is
compared from there on, and the program does not count as compared. Elsewhere non-finite weights must be non-finite in
all three, the jitted compiler excepted (`sensitivity.while_finite`).
"""

import random

import numpy as np
import pytest
from machines import LR, Interpreter, draw_leaves, run_compiled
from sensitivity import Expected, expect, ravel, while_finite
from strategies import random_program

from lionsearch.analysis import check_program, find_live
from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.evaluate.oracle import run_oracle
from lionsearch.lang import OPERATIONS, Program, format_program

_DATA = np.random.default_rng(0)
WEIGHTS = draw_leaves(_DATA)
GRADIENTS = [draw_leaves(_DATA) for _ in LR]


def random_cases(count: int, seed: int) -> list[tuple[Program, Expected]]:
    rng = random.Random(seed)
    programs = [random_program(rng, length=rng.randint(1, 24)) for _ in range(count)]
    return [(program, expect(program, WEIGHTS, GRADIENTS, LR)) for program in programs]


@pytest.fixture(scope="module")
def interpreter() -> Interpreter:
    return Interpreter()


@pytest.fixture(scope="module")
def cases() -> list[tuple[Program, Expected]]:
    return random_cases(1150, seed=1)


def test_the_sample_is_large_well_conditioned_and_covers_every_operation(cases):
    compared = [(program, expected) for program, expected in cases if expected.steps == len(LR)]
    finite = [program for program, expected in compared if np.isfinite(expected.weights).all()]
    live = {program.statements[i].operation for program in finite for i in find_live(program).statements}
    assert len(compared) >= 1000
    assert len(finite) >= 600
    assert live == set(OPERATIONS)


def test_interpreter_agrees_with_the_oracle_and_is_traced_once(cases):
    interpreter = Interpreter()
    for program, expected in cases:
        assert expected.agrees(interpreter(program, WEIGHTS, GRADIENTS)), format_program(program)
    assert interpreter.traces == 1


def test_compiler_agrees_with_the_oracle(cases):
    for program, expected in cases[:1100]:
        assert expected.agrees(run_compiled(program, WEIGHTS, GRADIENTS)), format_program(program)
    assert sum(expected.steps == len(LR) for _, expected in cases[:1100]) >= 1000


def test_jitted_compiler_agrees_with_the_oracle(cases):
    for program, expected in cases[:20]:
        found = run_compiled(program, WEIGHTS, GRADIENTS, jitted=True)
        assert while_finite(expected).agrees(found), format_program(program)


def test_nothing_but_weights_and_slots_survives_a_step(cases, interpreter):
    for program, _ in cases[:500]:
        clean = interpreter(program, WEIGHTS, GRADIENTS)
        poisoned = interpreter(program, WEIGHTS, GRADIENTS, poisoned=True)
        np.testing.assert_array_equal(poisoned, clean, err_msg=format_program(program))


@pytest.mark.slow
def test_agreement_on_many_more_programs(interpreter):
    for program, expected in random_cases(10_000, seed=2):
        assert expected.agrees(interpreter(program, WEIGHTS, GRADIENTS)), format_program(program)


@pytest.mark.slow
def test_jitted_agreement_on_more_programs():
    for program, expected in random_cases(300, seed=3):
        found = run_compiled(program, WEIGHTS, GRADIENTS, jitted=True)
        assert while_finite(expected).agrees(found), format_program(program)


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_known_programs_agree_over_forty_steps(name, interpreter):
    program = load_program(name)
    rng = np.random.default_rng(4)
    weights, gradients = draw_leaves(rng), [draw_leaves(rng) for _ in range(40)]
    lr = rng.uniform(0.0, 2.0, 40).astype(np.float32)
    expected = expect(program, weights, gradients, lr)
    assert expected.steps == 40
    assert np.isfinite(expected.weights).all()
    assert expected.agrees(interpreter(program, weights, gradients, lr))
    assert expected.agrees(run_compiled(program, weights, gradients, lr, jitted=True))


def test_agreement_notices_a_wrong_constant(interpreter):
    right, wrong = load_program("lion"), load_program("lion").with_hyperparameters({"b2": 0.985})
    assert not expect(right, WEIGHTS, GRADIENTS, 100 * LR).agrees(interpreter(wrong, WEIGHTS, GRADIENTS, 100 * LR))


SLOT_PROGRAMS = {
    "swapped": "def train(w, g, m, v, lr):\n x = m\n m = v\n v = x + g\n return v * lr + m, m, v",
    "swapped_copies": "def train(w, g, m, v, lr):\n x = m + g\n y = v - g\n m = y\n v = x\n return m * v, m, v",
    "plain_swap": "def train(w, g, m, v, lr):\n u = m * 2 + v + g\n x = m\n m = v + g\n v = x\n return u, m, v",
    "rotated": "def train(w, g, a, b, c, lr):\n x = a\n a = b\n b = c + g\n c = x\n return a + b * 2 + c * 4, a, b, c",
    "shared_value": "def train(w, g, m, v, lr):\n u = m - v * 3\n m = g * 2\n v = m\n return u + m, m, v",
    "shared_with_update": "def train(w, g, m, lr):\n m = m * lr + g\n return m, m",
    "holds_old_weights": "def train(w, g, m, lr):\n u = (w - m) * lr + g\n m = w\n return u, m",
    "holds_old_gradient": "def train(w, g, m, lr):\n u = g * 2 - m\n m = g\n return u * lr, m",
    "update_is_old_slot": "def train(w, g, m, lr):\n u = m\n m = g * lr\n return u, m",
    "update_is_slot_and_old_slot_elsewhere": "def train(w, g, m, v, lr):\n u = v\n v = m\n m = g\n return u, m, v",
    "read_after_overwriting": "def train(w, g, m, lr):\n x = m * 2\n m = g + m\n m = m * x\n return m + x, m",
    "old_slot_read_last": "def train(w, g, m, lr):\n x = m\n m = m * 0.9 + g\n return m - x, m",
    "slot_unchanged": "def train(w, g, m, v, lr):\n v = v + g\n return (v + m) * lr, m, v",
    "weights_overwritten": "def train(w, g, m, lr):\n w = w * 0.5\n m = m + w\n return w + g + m, m",
    "gradient_overwritten": "def train(w, g, m, lr):\n g = g * 3\n m = m + g\n return g + m * lr, m",
    "lr_overwritten_by_a_tensor": "def train(w, g, m, lr):\n lr = g * lr\n m = m - lr\n return lr + m, m",
    "lr_overwritten_by_a_scalar": "def train(w, g, m, lr, t):\n lr = lr / t + 1\n m = m + g * lr\n return m, m",
    "step_overwritten": "def train(w, g, m, lr, t):\n t = g * t\n m = m + t\n return m * lr, m",
    "weights_in_two_slots": "def train(w, g, m, v, lr):\n u = m + v * 2 + g\n m = w\n v = w\n return u * lr, m, v",
    "slots_all_the_same_old_slot": (
        "def train(w, g, a, b, c, lr):\n u = a + b * 2 + c * 3\n x = a + g\n b = a\n c = a\n a = x\n return u, a, b, c"
    ),
    "scalar_from_the_tree": "def train(w, g, m, lr):\n s = dot(g, w) * lr\n m = m + g * s\n return m / norm(g), m",
}


@pytest.mark.parametrize("name", SLOT_PROGRAMS)
def test_slots_end_where_the_program_puts_them(name, interpreter):
    program = check_program(SLOT_PROGRAMS[name])
    assert find_live(program).slots == program.slots, "the test would not see them"
    expected = expect(program, WEIGHTS, GRADIENTS, LR)
    assert expected.steps == len(LR)
    assert expected.agrees(interpreter(program, WEIGHTS, GRADIENTS, poisoned=True))
    assert expected.agrees(run_compiled(program, WEIGHTS, GRADIENTS))


def test_programs_that_mostly_move_values_between_slots_agree(interpreter):
    rng = random.Random(5)
    for _ in range(400):
        program = random_program(rng, length=14, operations=("copy", "copy", "copy", "subtract", "maximum"))
        exact = [ravel(leaves) for leaves in run_oracle(program, WEIGHTS, GRADIENTS, list(LR))]
        found = interpreter(program, WEIGHTS, GRADIENTS, poisoned=True)
        np.testing.assert_allclose(found, np.stack(exact), rtol=1e-5, atol=1e-4, err_msg=format_program(program))
