import random

import numpy as np
import pytest
from machines import LR, SIZE, Interpreter, draw_leaves
from sensitivity import expect
from strategies import random_program

from lionsearch.analysis import check_program, remove_dead_code
from lionsearch.evaluate.encoding import FIRST_SLOT_ROW, OPCODES, TooLongError, encode_program
from lionsearch.evaluate.plan import Limits
from lionsearch.lang import OPERATIONS

LENGTH, SLOTS = 17, 3
TIGHT = Limits(max_length=LENGTH, max_slots=SLOTS)
NAMES = list(OPERATIONS)


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
    data = np.random.default_rng(0)
    weights, gradients = draw_leaves(data), [draw_leaves(data) for _ in LR]
    found = tight_interpreter(program, weights, gradients, poisoned=True)
    assert expect(program, weights, gradients, LR).agrees(found)


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
    lines = "".join(f" g = interp(g, {i}.25, {i}.5)\n" for i in range(TIGHT.max_length))
    encoded = encode_program(check_program(f"def train(w, g, lr):\n{lines} return g"), LR, TIGHT)
    assert encoded.scalars.any(axis=0).all()


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
    assert [NAMES[code] for code in encoded.instructions[: encoded.length, 0]] == ["multiply", "subtract"]


def test_the_size_of_the_arrays_follows_from_the_limits_alone():
    shapes = {
        (encoded.instructions.shape, encoded.length.shape, encoded.scalars.shape)
        for encoded in (encode_program(check_program(text), LR, TIGHT) for text in (crowded(12), crowded(LENGTH)))
    }
    assert shapes == {((TIGHT.instructions, 5), (), (len(LR), TIGHT.scalars))}


def test_a_constant_beyond_float32_is_infinite_without_a_warning():
    encoded = encode_program(check_program("def train(w, g, lr): return g * 1e300"), LR, TIGHT)
    assert np.isinf(encoded.scalars[:, 0]).all()


def test_no_row_is_read_before_it_is_written_and_all_operands_exist():
    rng = random.Random(6)
    limits = Limits()
    for _ in range(500):
        program = remove_dead_code(random_program(rng, length=rng.randint(0, 40)))
        encoded = encode_program(program, LR, limits)
        written = set(range(FIRST_SLOT_ROW + len(program.slots)))
        for opcode, *operands, target in encoded.instructions[: encoded.length].tolist():
            rows = {operand for operand in operands[: OPERATIONS[NAMES[opcode]].arity] if operand < limits.rows}
            assert rows <= written
            assert max(operands) < limits.rows + limits.scalars
            assert 0 <= target < limits.rows
            assert target != 1, "the gradient is the next step's"
            written.add(target)


def test_opcodes_number_the_table():
    assert list(OPCODES) == NAMES
    assert list(OPCODES.values()) == list(range(len(NAMES)))
    assert sum(leaf.size for leaf in draw_leaves(np.random.default_rng(0))) == SIZE
