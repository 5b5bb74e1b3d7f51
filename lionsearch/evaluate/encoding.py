"""Program -> arrays that the interpreter runs, with no XLA in sight.

Scalars that depend on nothing but the schedule, the step and constants are computed here, in NumPy, for all steps at
once; what is left are statements on rows. Each variable gets a row of the register file, reused after its last
read. A slot's new value goes to the slot's own row, so the end of one step is the start of the next.

Invariant: no row is read in a step before it is written in that step, slots and weights excepted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lionsearch.errors import LionSearchError
from lionsearch.evaluate.plan import Limits
from lionsearch.lang import OPERATIONS, Program, Statement

OPCODES: dict[str, int] = {name: code for code, name in enumerate(OPERATIONS)}
"""The interpreter's number for each operation of the table."""

WEIGHTS_ROW, GRADIENT_ROW, FIRST_SLOT_ROW = 0, 1, 2


class TooLongError(LionSearchError):
    """A program that is longer than the interpreter has room for."""


@dataclass(frozen=True, slots=True)
class EncodedProgram:
    """A program as the interpreter's input.

    Attributes:
        instructions: int32 (instructions, 5): opcode, three operands, target row. An operand below `Limits.rows` is
            a row, above it a scalar.
        length: int32, the number of instructions in use.
        scalars: float32 (steps, scalars).
    """

    instructions: np.ndarray
    length: np.ndarray
    scalars: np.ndarray


@dataclass(frozen=True, slots=True)
class _Row:
    """A value that lives in the register file, by the order in which it was made."""

    number: int


@dataclass(frozen=True, slots=True, eq=False)
class _Scalar:
    """A scalar that is known before training: float32, () if constant, else (steps,)."""

    array: np.ndarray


_Value = _Row | _Scalar


@dataclass(frozen=True, slots=True)
class _Instruction:
    opcode: int
    operands: tuple[_Value, ...]
    target: _Row


def encode_program(program: Program, lr: np.ndarray, limits: Limits) -> EncodedProgram:
    """Return the arrays for a program without dead code.

    Args:
        program: dead code removed.
        lr: float32 (steps,), the value of the schedule at each step.
        limits: the room that the interpreter was compiled with.

    Raises:
        TooLongError: if the program has more statements or slots than the limits.
    """
    for what, count, most in (
        ("statements", len(program.statements), limits.max_length),
        ("slots", len(program.slots), limits.max_slots),
    ):
        if count > most:
            raise TooLongError(f"the program has {count} live {what}; the interpreter was compiled for {most}")
    instructions = _lower(program, lr)
    rows = _allocate_rows(instructions, FIRST_SLOT_ROW + len(program.slots))
    return _pack(instructions, rows, len(lr), limits)


def _lower(program: Program, lr: np.ndarray) -> list[_Instruction]:
    """Return instructions on rows, in single-assignment form but for the final writes to weights and slots."""
    weights, gradient = _Row(WEIGHTS_ROW), _Row(GRADIENT_ROW)
    slots = [_Row(FIRST_SLOT_ROW + i) for i in range(len(program.slots))]
    steps = np.arange(1, len(lr) + 1, dtype=np.float32)
    values: dict[str, _Value] = {"w": weights, "g": gradient, "lr": _scalar(lr), "t": _scalar(steps)}
    values.update(zip(program.slots, slots, strict=True))
    values.update((name, _scalar(value)) for name, value in program.hyperparameters)
    fresh = FIRST_SLOT_ROW + len(slots)
    instructions: list[_Instruction] = []
    for statement in program.statements:
        operands = tuple(values[a] if isinstance(a, str) else _scalar(a) for a in statement.arguments)
        if any(isinstance(operand, _Row) for operand in operands):
            target = _Row(fresh)
            fresh += 1
            instructions.append(_Instruction(OPCODES[statement.operation], operands, target))
            values[statement.target] = target
        else:
            values[statement.target] = _compute_scalar(statement, operands)
    finals = [values[slot] for slot in program.slots]
    subtract = _Instruction(OPCODES["subtract"], (weights, values[program.update]), weights)
    return _settle_slots([*instructions, subtract], slots, finals)


def _compute_scalar(statement: Statement, operands: tuple[_Value, ...]) -> _Scalar:
    elementwise = OPERATIONS[statement.operation].elementwise
    assert elementwise is not None, "an operation over the tree has a tensor among its arguments"
    with np.errstate(all="ignore"):
        return _scalar(elementwise(np, *(operand.array for operand in operands if isinstance(operand, _Scalar))))


def _settle_slots(instructions: list[_Instruction], slots: list[_Row], finals: list[_Value]) -> list[_Instruction]:
    """Compute each slot's final value straight into the slot's row.

    The old value is not read after that: it had no other name, since `y = m` is a statement with a row of its own.
    """
    renamed: dict[_Value, _Row] = dict(zip(finals, slots, strict=True))
    return [
        _Instruction(x.opcode, tuple(renamed.get(v, v) for v in x.operands), renamed.get(x.target, x.target))
        for x in instructions
    ]


def _allocate_rows(instructions: list[_Instruction], first_free: int) -> dict[_Row, int]:
    """Return a physical row for each value; a temporary's row is free again after its last read."""
    rows = {_Row(i): i for i in range(first_free)}
    last_read: dict[_Row, int] = {}
    for index, instruction in enumerate(instructions):
        for operand in instruction.operands:
            if isinstance(operand, _Row):
                last_read[operand] = index
    free: list[int] = []
    used = first_free
    for index, instruction in enumerate(instructions):
        for operand in {x for x in instruction.operands if isinstance(x, _Row)}:
            if operand.number >= first_free and last_read[operand] == index:
                free.append(rows[operand])
        if instruction.target not in rows:
            if not free:
                free.append(used)
                used += 1
            rows[instruction.target] = free.pop(free.index(min(free)))
    return rows


def _pack(instructions: list[_Instruction], rows: dict[_Row, int], steps: int, limits: Limits) -> EncodedProgram:
    columns: dict[bytes, int] = {}
    scalars = np.zeros((steps, limits.scalars), np.float32)

    def operand_code(value: _Value) -> int:
        if isinstance(value, _Row):
            return rows[value]
        key = value.array.tobytes()
        if key not in columns:
            scalars[:, len(columns)] = value.array
            columns[key] = len(columns)
        return limits.rows + columns[key]

    table = np.zeros((limits.instructions, 5), np.int32)
    for index, instruction in enumerate(instructions):
        codes = [operand_code(operand) for operand in instruction.operands]
        codes += [codes[0]] * (3 - len(codes))
        table[index] = (instruction.opcode, *codes, rows[instruction.target])
    return EncodedProgram(table, np.asarray(len(instructions), np.int32), scalars)


def _scalar(value: float | np.ndarray) -> _Scalar:
    with np.errstate(over="ignore"):
        return _Scalar(np.asarray(value, np.float32))
