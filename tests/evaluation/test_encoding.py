import random

import numpy as np
import pytest
from machines import LIMITS, Interpreter, interpret
from sensitivity import expect
from steps import LR, TRAINED_INPUTS, draw_steps
from strategies import random_program

from lionsearch.evaluation.encoding import EncodedProgram, TooLongError, encode_program
from lionsearch.evaluation.machine import GRADIENT_ROW, WEIGHTS_ROW, Machine, machine_for
from lionsearch.evaluation.plan import Limits
from lionsearch.graph import check_program, remove_dead_code
from lionsearch.lang import OPERATIONS, Kind, Program

LENGTH, SLOTS = 17, 3
TIGHT_LIMITS = Limits(max_length=LENGTH, max_slots=SLOTS)
TIGHT = Machine(TIGHT_LIMITS)


def encode(text: str, machine: Machine | None = None) -> tuple[EncodedProgram, Machine]:
    """The program for the smallest machine within the tight limits, if none is given."""
    program = remove_dead_code(check_program(text))
    machine = machine or machine_for(program, TIGHT_LIMITS)
    return encode_program(program, LR, machine), machine


def names(encoded: EncodedProgram, machine: Machine) -> list[str]:
    return [machine.instructions[code][0] for code in encoded.instructions[: encoded.length, 0]]


@pytest.fixture(scope="module")
def tight_interpreter() -> Interpreter:
    return Interpreter(TIGHT)


def crowded(statements: int, slots: int = SLOTS) -> str:
    """A program of so many live statements in which every slot takes another's old value and all values live long."""
    names = [f"s{i}" for i in range(slots)]
    moves = [f"y{i} = s{i}" for i in range(slots)] + [f"s{i} = y{(i + 1) % slots} + g" for i in range(slots)]
    free = statements - len(moves) - slots
    products = free // 2
    lines = [f"x{i} = g * {1.5 + i / 8}" for i in range(products)]
    lines += ["u = x0 + w", *(f"u = u + x{i}" for i in range(1, products))]
    lines += ["u = u * lr"] * (free - 2 * products)
    lines += moves + [f"u = u + y{i}" for i in range(slots)]
    return f"def train(w, g, {', '.join([*names, 'lr'])}):\n " + "\n ".join(lines) + f"\n return u, {', '.join(names)}"


def test_a_program_that_fills_all_room_runs(tight_interpreter):
    program = check_program(crowded(LENGTH))
    assert len(remove_dead_code(program).statements) == LENGTH
    steps = draw_steps(np.random.default_rng(0))
    found = tight_interpreter(program, steps, poisoned=True)
    assert expect(program, steps).agrees(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (crowded(LENGTH + 1), "the program has 18 live statements; the interpreter was compiled for 17"),
        (crowded(16, SLOTS + 1), "the program has 4 live slots; the interpreter was compiled for 3"),
    ],
)
def test_one_more_statement_or_slot_is_too_long(text, message):
    with pytest.raises(TooLongError) as error:
        encode_program(remove_dead_code(check_program(text)), LR, TIGHT)
    assert str(error.value) == message


def test_every_program_within_the_limits_has_room_for_its_scalars():
    lines = "".join(f" g = interp(g, {i}.25, {i}.5)\n" for i in range(LENGTH))
    encoded = encode_program(check_program(f"def train(w, g, lr):\n{lines} return g"), LR, TIGHT)
    assert encoded.scalars[:, : 2 * LENGTH].any(axis=0).all()


def test_scalars_are_counted_once():
    lines = "".join(" g = interp(g, 0.25, 0.5)\n" for _ in range(15))
    encoded = encode_program(check_program(f"def train(w, g, lr):\n{lines} return g * lr"), LR, TIGHT)
    assert np.count_nonzero(encoded.scalars.any(axis=0)) == 3


def test_scalars_of_the_schedule_are_computed_before_training():
    program = check_program("def train(w, g, lr, t, *, b1=0.9): return g * (lr / (1 - b1**t))")
    encoded = encode_program(program, LR, TIGHT)
    steps = np.arange(1, len(LR) + 1)
    assert encoded.scalars.dtype == np.float32
    assert encoded.scalars.shape == (len(LR), TIGHT.scalars)
    np.testing.assert_allclose(encoded.scalars[:, 0], LR / (1 - 0.9**steps), rtol=1e-6)
    assert names(encoded, TIGHT) == ["multiply", "subtract"]


def test_the_size_of_the_arrays_follows_from_the_limits_alone():
    shapes = {
        (encoded.instructions.shape, encoded.length.shape, encoded.scalars.shape)
        for encoded in (encode_program(check_program(text), LR, TIGHT) for text in (crowded(12), crowded(LENGTH)))
    }
    assert shapes == {((TIGHT.length, 5), (), (len(LR), TIGHT.scalars))}


def test_a_constant_beyond_float32_is_infinite_without_a_warning():
    encoded = encode_program(check_program("def train(w, g, lr): return g * 1e300"), LR, TIGHT)
    assert np.isinf(encoded.scalars[:, 0]).all()


def check_rows(program: Program, machine: Machine) -> None:
    """Whether each operand exists and is written in the step before it is read, and only what may be is written."""
    encoded = encode_program(program, LR, machine)
    slots = set(range(machine.first_slot, machine.first_slot + len(program.slots)))
    given = set(range(machine.first_slot)) | slots
    written = set(given)
    table = encoded.instructions[: encoded.length].tolist()
    assert table[-1][0] == machine.opcodes["subtract", ()]
    for opcode, *operands, target in table:
        name, kinds = machine.instructions[opcode]
        assert bool(kinds) == (OPERATIONS[name].signatures is not None)
        assert {operand for operand in operands[: OPERATIONS[name].arity] if operand < machine.rows} <= written
        assert max(operands) < machine.rows + machine.scalars
        assert 0 <= target < machine.rows
        assert target in {WEIGHTS_ROW, *slots} or target not in given, "inputs are the next step's"
        written.add(target)
    assert [target for *_, target in table].count(WEIGHTS_ROW) == 1
    idle = [machine.opcodes["copy", ()], WEIGHTS_ROW, WEIGHTS_ROW, WEIGHTS_ROW, WEIGHTS_ROW]
    assert all(instruction == idle for instruction in encoded.instructions[encoded.length :].tolist())


def test_no_row_is_read_before_it_is_written_and_all_operands_exist():
    rng = random.Random(6)
    for everything in (False, True):
        for _ in range(500):
            program = remove_dead_code(random_program(rng, rng.randint(0, 40), everything=everything))
            check_rows(program, machine_for(program, LIMITS))
            check_rows(program, Machine(LIMITS, "matrix", TRAINED_INPUTS))


# --- slots that are numbers


def test_a_slot_that_only_the_schedule_gives_is_written_by_a_copy():
    encoded, machine = encode("def train(w, g, s: scalar, lr, t):\n u = g * s\n s = lr * t\n return u, s")
    assert names(encoded, machine) == ["multiply", "copy", "subtract"]
    _, scalar, _, _, target = encoded.instructions[1]
    assert target == machine.first_slot
    assert scalar >= machine.rows
    np.testing.assert_allclose(encoded.scalars[:, scalar - machine.rows], LR * np.arange(1, len(LR) + 1), rtol=1e-6)


def test_a_number_that_the_tree_gives_needs_no_copy():
    encoded, machine = encode("def train(w, g, s: scalar, lr):\n s = interp(dot(g, w), s, lr)\n return g * s, s")
    assert names(encoded, machine) == ["dot", "interp", "multiply", "subtract"]
    assert encoded.instructions[1, 4] == machine.first_slot


def test_a_number_in_a_slot_is_one_step_old():
    """`u` has the slot's old value, whether the new one comes from the schedule or from the tree."""
    steps = draw_steps(np.random.default_rng(1))
    program = check_program("def train(w, g, s: scalar, lr):\n u = g * s\n s = lr\n return u, s")
    found = interpret(program, steps)
    flat = [np.concatenate([np.ravel(leaf) for leaf in leaves]) for leaves in (steps.weights, *steps.gradients)]
    expected = flat[0] - np.cumsum([g * rate for g, rate in zip(flat[1:], [0.0, *LR[:-1]], strict=True)], axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_slots_that_are_numbers_fit_into_a_full_machine():
    slots = [f"s{i}" for i in range(SLOTS)]
    lines = [" u = g", *(f" u = u * s{i}" for i in range(SLOTS))]
    lines += [" u = u + w"] * (LENGTH - SLOTS - len(lines)) + [f" s{i} = lr" for i in range(SLOTS)]
    annotated = ", ".join(f"{slot}: scalar" for slot in slots)
    text = f"def train(w, g, {annotated}, lr):\n" + "\n".join(lines) + f"\n return u, {', '.join(slots)}"
    program = remove_dead_code(check_program(text))
    assert (len(program.statements), len(program.slots)) == (LENGTH, SLOTS)
    check_rows(program, TIGHT)


# --- inputs, layouts and settings


def test_inputs_have_rows_in_the_table_order_and_slots_come_after():
    text = "def train(w, g, m, lr, g_full, t, loss, h):\n m = m + h * t\n u = loss * g_full + m\n return u - g, m"
    encoded, machine = encode(text)
    assert machine.inputs == ("loss", "h", "g_full")
    loss, h, g_full, slot = range(2, 6)
    rows = [tuple(row[1:3]) for row in encoded.instructions[: encoded.length].tolist()]
    assert names(encoded, machine) == ["multiply", "add", "multiply", "add", "subtract", "subtract"]
    assert (rows[0][0], rows[2], rows[4][1]) == (h, (loss, g_full), GRADIENT_ROW)
    assert encoded.instructions[1, 4] == slot == machine.first_slot


def test_a_program_runs_on_a_machine_with_more_inputs_than_it_asks_for():
    program = check_program("def train(w, g, m, lr, h):\n m = m + h\n return m * lr + g, m")
    machine = Machine(TIGHT_LIMITS, inputs=TRAINED_INPUTS)
    steps = draw_steps(np.random.default_rng(2))
    assert expect(program, steps).agrees(Interpreter(machine)(program, steps))


@pytest.mark.parametrize(
    ("expression", "operation", "kinds"),
    [
        ("matmul(matmul(g, x), g)", "matmul", (Kind.LEFT, Kind.TENSOR)),
        ("matmul(g, matmul(x, g))", "matmul", (Kind.TENSOR, Kind.RIGHT)),
        ("transpose(matmul(matmul(x, g), x))", "transpose", (Kind.TRANSPOSED,)),
        ("matmul(inverse_root(matmul(g, x), lr), w)", "inverse_root", (Kind.LEFT, Kind.SCALAR)),
        ("matmul(w, inverse_root(matmul(x, g), dot(g, g)))", "inverse_root", (Kind.RIGHT, Kind.SCALAR)),
        ("w * column_mean(row_mean(g))", "column_mean", (Kind.COLUMN,)),
    ],
)
def test_an_opcode_says_the_layout_of_its_arguments(expression, operation, kinds):
    encoded, machine = encode(f"def train(w, g, lr):\n x = transpose(g)\n return {expression}")
    used = [machine.instructions[code] for code in encoded.instructions[: encoded.length, 0]]
    assert (operation, kinds) in used


def test_settings_are_those_of_the_inputs_that_are_read():
    text = "def train(w, g, lr, h, g_ahead, *, b1=0.9, hessian_every=7): return g_ahead * b1 + h * hessian_every"
    encoded, _ = encode(text)
    assert encoded.settings == {"hessian_every": np.float32(7), "rho": np.float32(0.05)}
    assert {type(value) for value in encoded.settings.values()} == {np.float32}
    assert encode("def train(w, g, lr, loss, *, rho=0.1): return g * loss * rho")[0].settings == {}


def test_a_setting_is_a_number_in_statements_too():
    encoded, _ = encode("def train(w, g, lr, h, t, *, hessian_every=2): return g * (t % hessian_every) + h")
    np.testing.assert_array_equal(encoded.scalars[:, 0], np.arange(1, len(LR) + 1) % 2)
