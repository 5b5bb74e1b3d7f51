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
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from machines import LIMITS, interpret, interpreter_of, run_compiled
from sampling import every
from sensitivity import Expected, expect, ravel, while_finite
from steps import LR, TRAINED_INPUTS, draw_steps
from strategies import PLAIN_OPERATIONS, random_program

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.evaluation.machine import Machine, machine_for
from lionsearch.graph import check_program, find_live, infer_kinds, initial_kinds, remove_dead_code
from lionsearch.lang import INPUTS, OPERATIONS, Kind, Program, format_program
from lionsearch.lang.kinds import SLOT_KINDS
from lionsearch.semantics.oracle import run_oracle

STEPS = draw_steps(np.random.default_rng(0))
PAPER, EVERYTHING = Machine(LIMITS), Machine(LIMITS, "matrix", TRAINED_INPUTS)
BETTER_CONDITIONED = {"radam": {"b2": 0.99}, "adahessian": {"b2": 0.99}}
"""With 0.999 rounding decides from which step on radam's `rho` is above 5, and `1 - b2` is exact to 0.1 % only."""
CHAOTIC = {"lbfgs": 10}
"""Divides by curvatures, which may be next to 0 for gradients that are no function's; the steps before."""

Case = tuple[Program, Expected]


def random_cases(count: int, seed: int) -> list[Case]:
    rng = random.Random(seed)
    programs = [random_program(rng, length=rng.randint(1, 24)) for _ in range(count)]
    return [(program, expect(program, STEPS)) for program in programs]


def random_cases_of_everything(count: int, seed: int, times: int | None = None) -> list[Case]:
    """All operations, slots of all kinds, all inputs; with `times`, only what was not there so often before."""
    rng = random.Random(seed)
    drawn = [random_program(rng, length=rng.randint(1, 20), everything=True) for _ in range(count)]
    programs = [read_inputs(program, rng) for program in drawn]
    return [(program, expect(program, STEPS)) for program in (thin_out(programs, times) if times else programs)]


def thin_out(programs: list[Program], times: int) -> list[Program]:
    """Return those with an operation, a kind of slot or an input that fewer than `times` of those before them have."""
    chosen, seen = [], Counter()
    for program in programs:
        live = remove_dead_code(program)
        found = {statement.operation for statement in live.statements} | {kind for _, kind in live.state}
        found |= set(live.optional_inputs)
        if any(seen[each] < times for each in found):
            chosen.append(program)
            seen.update(found)
    return chosen


def read_inputs(program: Program, rng: random.Random) -> Program:
    """The program with up to three optional inputs read in places of other values of their kinds."""
    kinds, statements, places = initial_kinds(program), list(program.statements), []
    for index, (statement, result) in enumerate(zip(statements, infer_kinds(program), strict=True)):
        given = [kinds[a] if isinstance(a, str) else Kind.SCALAR for a in statement.arguments]
        places += [(index, position, kind) for position, kind in enumerate(given)]
        kinds[statement.target] = result
    wanted = []
    for name in rng.sample(TRAINED_INPUTS, rng.randint(0, 3)):
        fitting = [place for place in places if place[2] is INPUTS[name].kind]
        if fitting:
            index, position, _ = rng.choice(fitting)
            arguments = list(statements[index].arguments)
            arguments[position] = name
            statements[index] = replace(statements[index], arguments=tuple(arguments))
            wanted.append(name)
    inputs = (*program.optional_inputs, *wanted)
    return replace(program, statements=tuple(statements), optional_inputs=inputs)


@pytest.fixture(scope="module", params=["some", pytest.param("many", marks=pytest.mark.slow)])
def size(request: pytest.FixtureRequest) -> str:
    """Some programs, or many: over 1,000 of them on which the three are compared in all steps."""
    return request.param


@pytest.fixture(scope="module")
def cases(size: str) -> list[Case]:
    return random_cases(1150 if size == "many" else 200, seed=1)


@pytest.fixture(scope="module")
def cases_of_everything(size: str) -> list[Case]:
    return random_cases_of_everything(270, seed=6, times=None if size == "many" else 5)


def compared(cases: list[Case]) -> list[Case]:
    return [(program, expected) for program, expected in cases if expected.steps == len(LR)]


def test_the_sample_is_large_well_conditioned_and_covers_every_paper_operation(cases, size):
    finite = [program for program, expected in compared(cases) if np.isfinite(expected.weights).all()]
    live = {program.statements[i].operation for program in finite for i in find_live(program).statements}
    assert len(compared(cases)) >= (1000 if size == "many" else 170)
    assert len(finite) >= (600 if size == "many" else 110)
    assert live == set(PLAIN_OPERATIONS)


@pytest.mark.thorough
def test_the_sample_of_everything_covers_every_operation_slot_and_input(cases_of_everything, size):
    finite = [program for program, expected in compared(cases_of_everything) if np.isfinite(expected.weights).all()]
    live = [remove_dead_code(program) for program in finite]
    assert len(compared(cases_of_everything)) >= (200 if size == "many" else 100)
    assert len(finite) >= (150 if size == "many" else 75)
    assert {statement.operation for program in live for statement in program.statements} == set(OPERATIONS)
    assert {kind for program in live for _, kind in program.state} == set(SLOT_KINDS.values())
    assert {name for program in live for name in program.optional_inputs} == {*TRAINED_INPUTS, "t"}


def test_interpreter_agrees_with_the_oracle_and_is_traced_once(cases):
    interpreter = interpreter_of(PAPER)
    for program, expected in cases:
        assert expected.agrees(interpreter(program, STEPS)), format_program(program)
    assert interpreter.traces == 1


@pytest.mark.thorough
def test_interpreter_of_everything_agrees_with_the_oracle_and_is_traced_once(cases_of_everything):
    interpreter = interpreter_of(EVERYTHING)
    for program, expected in cases_of_everything:
        assert expected.agrees(interpreter(program, STEPS)), format_program(program)
    assert interpreter.traces == 1


@pytest.mark.thorough
def test_compiler_agrees_with_the_oracle(cases, size):
    for program, expected in cases if size == "many" else cases[::40]:  # each operation is compiled for itself
        assert expected.agrees(run_compiled(program, STEPS)), format_program(program)


@pytest.mark.slow
def test_compiler_of_everything_agrees_with_the_oracle(cases_of_everything):
    for program, expected in cases_of_everything[:80]:
        assert expected.agrees(run_compiled(program, STEPS)), format_program(program)


@pytest.mark.thorough
def test_jitted_compiler_agrees_with_the_oracle(cases, cases_of_everything, size):
    count = 20 if size == "many" else 5
    for program, expected in cases[:count] + cases_of_everything[:count]:
        found = run_compiled(program, STEPS, jitted=True)
        assert while_finite(expected).agrees(found), format_program(program)


def test_nothing_but_weights_and_slots_survives_a_step(cases):
    check_nothing_else_survives(PAPER, cases[:500])


@pytest.mark.thorough
def test_nothing_of_everything_but_weights_and_slots_survives_a_step(cases_of_everything):
    check_nothing_else_survives(EVERYTHING, cases_of_everything)


def check_nothing_else_survives(machine: Machine, cases: list[Case]) -> None:
    interpreter = interpreter_of(machine)
    for program, _ in cases:
        clean, poisoned = (interpreter(program, STEPS, poisoned=poisoned) for poisoned in (False, True))
        np.testing.assert_array_equal(poisoned, clean, err_msg=format_program(program))


@pytest.mark.slow
def test_larger_machines_do_the_same(cases):
    for machine in (Machine(LIMITS, "extended"), Machine(LIMITS, inputs=("loss",)), EVERYTHING):
        for program, expected in cases[:200]:
            assert expected.agrees(interpreter_of(machine)(program, STEPS)), (machine, format_program(program))


@pytest.mark.slow
def test_agreement_on_many_more_programs():
    for program, expected in random_cases(10_000, seed=2):
        assert expected.agrees(interpret(program, STEPS)), format_program(program)


@pytest.mark.slow
def test_agreement_of_everything_on_many_more_programs():
    for program, expected in random_cases_of_everything(5_000, seed=7):
        assert expected.agrees(interpreter_of(EVERYTHING)(program, STEPS)), format_program(program)


@pytest.mark.slow
def test_jitted_agreement_on_more_programs():
    for program, expected in random_cases(300, seed=3) + random_cases_of_everything(300, seed=8):
        found = run_compiled(program, STEPS, jitted=True)
        assert while_finite(expected).agrees(found), format_program(program)


def long_run(name, length):
    program = load_program(name).with_hyperparameters(BETTER_CONDITIONED.get(name, {}))
    rng = np.random.default_rng(4)
    steps = draw_steps(rng, rng.uniform(0.0, 1.0, 40).astype(np.float32)).first(length)
    return program, steps, expect(program, steps)


LENGTHS = pytest.mark.parametrize("length", [15, pytest.param(40, marks=pytest.mark.slow)])
"""Steps: enough for all that is done every 10 steps, and more."""


@LENGTHS
@pytest.mark.parametrize("name", every(10, PROGRAMS.names()))
@pytest.mark.thorough
def test_known_programs_agree_over_many_steps(name, length):
    program, steps, expected = long_run(name, length)
    assert expected.steps >= CHAOTIC.get(name, length)
    assert np.isfinite(expected.weights[: expected.steps]).all()
    smallest = machine_for(remove_dead_code(program), LIMITS)
    machine = replace(smallest, inputs=TRAINED_INPUTS if smallest.inputs else ())  # few to compile
    assert expected.agrees(interpreter_of(machine)(program, steps))


@LENGTHS
@pytest.mark.parametrize("name", every(30, PROGRAMS.names()))
def test_known_programs_agree_when_compiled(name, length):
    program, steps, expected = long_run(name, length)  # each is compiled, which takes a second or two
    assert expected.agrees(run_compiled(program, steps, jitted=True))


def test_agreement_notices_a_wrong_constant():
    right, wrong = load_program("lion"), load_program("lion").with_hyperparameters({"b2": 0.985})
    steps = STEPS.at(100 * LR)
    assert expect(right, steps).agrees(interpret(right, steps))
    assert not expect(right, steps).agrees(interpret(wrong, steps))


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


KIND_PROGRAMS = {
    "scalar_of_the_schedule": "def train(w, g, s: scalar, lr, t):\n u = g * (s + lr)\n s = lr * t\n return u, s",
    "scalar_of_constants": "def train(w, g, s: scalar, lr):\n u = g * (s + lr)\n s = 0.25 * 2\n return u, s",
    "scalars_of_the_schedule_in_turn": (
        "def train(w, g, s: scalar, d: scalar, lr):\n u = g * s + d\n s = d + lr\n d = lr * 2\n return u, s, d"
    ),
    "scalar_that_is_sometimes_known": (
        "def train(w, g, s: scalar, d: scalar, lr, t):\n"
        " u = g * s - d\n x = s\n s = t * lr\n d = where(t > 2, x, dot(g, w))\n return u, s, d"
    ),
    "scalar_that_stays_zero": "def train(w, g, s: scalar, lr):\n return g * (s + lr), s",
    "scalar_of_the_tree": (
        "def train(w, g, s: scalar, lr):\n s = interp(global_norm(g), s, 0.5)\n return g * lr / s, s"
    ),
    "per_tensor": "def train(w, g, v: per_tensor, lr):\n v = v * 0.5 + norm(g)\n return g * lr / v, v",
    "per_tensor_from_a_scalar_first": (
        "def train(w, g, v: per_tensor, lr, t):\n v = where(t == 1, 0.5, v + mean(g))\n return g * v * lr, v"
    ),
    "tensor_that_starts_elsewhere": (
        "def train(w, g, m, lr, t):\n m = where(t == 1, 0.1, m) + g * g\n return g / sqrt(m) * lr, m"
    ),
    "rows_and_columns": (
        "def train(w, g, r: row, c: column, lr):\n"
        " r = r + column_mean(g * g)\n c = c + row_mean(g * g)\n return g / sqrt(r * c) * lr, r, c"
    ),
    "rows_of_columns": (
        "def train(w, g, r: row, lr):\n c = row_mean(g)\n r = r + column_mean(c)\n u = (c - r) * g\n"
        " return u / norm(c + r) * lr, r"
    ),
    "squares": (
        "def train(w, g, l: left, r: right, lr):\n x = transpose(g)\n l = l * 0.5 + matmul(g, x)\n"
        " r = r * 0.5 + matmul(x, g)\n return matmul(matmul(l, w), r) * lr * 0.1, l, r"
    ),
    "squares_that_are_not_symmetric": (
        "def train(w, g, l: left, lr):\n x = matmul(w, transpose(g))\n l = l + x\n"
        " return matmul(inverse_root(l + 9 * eye(l), 2), g) * lr + matmul(transpose(l), g) * 0.1, l"
    ),
    "a_root_of_0_is_power_0": (
        "def train(w, g, lr):\n l = matmul(g, transpose(g))\n return matmul(inverse_root(l + eye(l), 0), g) * lr"
    ),
    "roots_of_a_traced_power": (
        "def train(w, g, lr, t):\n l = matmul(g, transpose(g)) + eye(matmul(g, transpose(g)))\n"
        " return matmul(inverse_root(l, 1 + t), g) * lr + matmul(inverse_root(l, 1 + global_norm(g)), g)"
    ),
    "transposed": (
        "def train(w, g, m, lr):\n x = transpose(g)\n y = matmul(matmul(transpose(g), w), x) + 2 * x\n"
        " m = m * 0.5 + transpose(y) * lr\n return m + g * unit_norm(w), m"
    ),
    "choices": (
        "def train(w, g, m, lr, t):\n u = where(g > m, clamp(g, -0.5, lr), g % 0.3)\n"
        " m = where(t % 2 == 1, g, m)\n return u * (t >= 2) + (g != m) * arctan2(g, w) * (lr <= 0.5), m"
    ),
    "shapes": (
        "def train(w, g, lr):\n"
        " return g * (lr / size(g) + rows(g) / columns(g) + sum(w) * dimensions(g)) + global_sum(w)"
    ),
    "all_inputs": (
        "def train(w, g, m, lr, t, loss, h, h_gnb, g_ahead, g_anchor, g_full):\n"
        " m = interp(g - g_anchor + g_full, m, 0.5) * loss\n"
        " return m / (1 + abs(h) + sqrt(h_gnb)) * lr + g_ahead / t, m"
    ),
    "the_last_input_alone": "def train(w, g, lr, g_full): return (g - g_full) * lr",
    "inputs_in_another_order": "def train(w, g, m, lr, h, loss):\n m = m + h\n return g * loss * lr + m, m",
    "an_input_overwritten": (
        "def train(w, g, m, lr, h, loss):\n x = h * loss\n h = g\n loss = 2\n m = m + x\n return m * h * loss, m"
    ),
    "an_input_in_a_slot": (
        "def train(w, g, m, s: scalar, lr, h, loss):\n u = m * s + g\n m = h\n s = loss\n return u, m, s"
    ),
}


SLOTS_AND_KINDS = {name: check_program(text) for name, text in {**SLOT_PROGRAMS, **KIND_PROGRAMS}.items()}


@pytest.mark.parametrize("name", SLOTS_AND_KINDS)
def test_slots_end_where_the_program_puts_them(name):
    program = SLOTS_AND_KINDS[name]
    assert find_live(program).slots == program.slots, "the test would not see them"
    expected = expect(program, STEPS)
    assert expected.steps == len(LR)
    smallest = machine_for(program, LIMITS)
    machine = PAPER if smallest == PAPER else EVERYTHING  # few to compile
    assert expected.agrees(interpreter_of(machine)(program, STEPS, poisoned=True))


@pytest.mark.parametrize("name", every(9, SLOTS_AND_KINDS))
@pytest.mark.thorough
def test_slots_end_there_when_compiled(name):
    program = SLOTS_AND_KINDS[name]
    assert expect(program, STEPS).agrees(run_compiled(program, STEPS))


_SQUARES = " x = transpose(g)\n l = matmul(g, x) + eye(matmul(g, x))\n r = matmul(x, g) + eye(matmul(x, g))\n"
_OF_KIND = {
    **{Kind.TENSOR: "g", Kind.TRANSPOSED: "x", Kind.ROW: "column_mean(g)", Kind.COLUMN: "row_mean(g)"},
    **{Kind.LEFT: "l", Kind.RIGHT: "r", Kind.SCALAR: "(1 + lr)"},
}
_TO_TENSOR = {
    **{Kind.TENSOR: "y", Kind.TRANSPOSED: "transpose(y)", Kind.ROW: "y * w", Kind.COLUMN: "y * w"},
    **{Kind.LEFT: "matmul(y, w)", Kind.RIGHT: "matmul(w, y)"},
}


@pytest.mark.parametrize(("operation", "kinds"), every(5, [each for each in EVERYTHING.instructions if each[1]]))
@pytest.mark.thorough
def test_every_layout_of_a_matrix_operation_agrees(operation, kinds):
    result = OPERATIONS[operation].result_kind(*kinds)
    made = f"{operation}({', '.join(_OF_KIND[kind] for kind in kinds)})"
    sign = " y = y * y\n" if operation == "eigenvectors" else ""  # they have none
    program = check_program(f"def train(w, g, lr):\n{_SQUARES} y = {made}\n{sign} return {_TO_TENSOR[result]} * lr")
    expected = expect(program, STEPS)
    assert expected.steps == len(LR)
    assert expected.agrees(interpreter_of(EVERYTHING)(program, STEPS))
    assert expected.agrees(run_compiled(program, STEPS))


@pytest.mark.thorough
def test_programs_that_mostly_move_values_between_slots_agree():
    rng = random.Random(5)
    for _ in range(400):
        program = random_program(rng, length=14, operations=("copy", "copy", "copy", "subtract", "maximum"))
        exact = [ravel(leaves) for leaves in run_oracle(program, STEPS.weights, STEPS.gradients, list(LR))]
        found = interpret(program, STEPS, poisoned=True)
        np.testing.assert_allclose(found, np.stack(exact), rtol=1e-5, atol=1e-4, err_msg=format_program(program))
