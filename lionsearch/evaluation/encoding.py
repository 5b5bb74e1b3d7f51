"""Program -> arrays that the interpreter runs, with no XLA in sight.

Scalars that depend on nothing but the schedule, the step and constants are computed here, in NumPy, for all steps at
once; what is left are statements on rows. Each variable gets a row of the register file, reused after its last
read. A slot's new value goes to the slot's own row, so the end of one step is the start of the next.

Invariant: no row is read in a step before it is written in that step, slots, weights and inputs excepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np

from lionsearch.errors import LionSearchError
from lionsearch.evaluation.machine import FIRST_INPUT_ROW, GRADIENT_ROW, WEIGHTS_ROW, Machine
from lionsearch.graph import initial_kinds
from lionsearch.graph.walk import statements, walk
from lionsearch.lang import COPY, SUBTRACT, Kind, Operation, Program


class TooLongError(LionSearchError):
    """A program that is longer than the interpreter has room for."""


@dataclass(frozen=True, slots=True)
class EncodedProgram:
    """A program as the interpreter's input.

    Attributes:
        instructions: int32 (instructions, 5): opcode, three operands, target row. An operand below `Machine.rows`
            is a row, above it a scalar. Those from `length` on copy the weights to themselves.
        length: int32, the number of instructions in use.
        scalars: float32 (steps, scalars).
        settings: how its optional inputs are computed, by name.
    """

    instructions: np.ndarray
    length: np.ndarray
    scalars: np.ndarray
    settings: Mapping[str, np.float32]


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


def encode_program(program: Program, lr: np.ndarray, machine: Machine) -> EncodedProgram:
    """Return the arrays for a program without dead code.

    Args:
        program: dead code removed.
        lr: float32 (steps,), the value of the schedule at each step.
        machine: what the interpreter was compiled for; it must know the program's operations and inputs.

    Raises:
        TooLongError: if the program has more statements or slots than the limits.
    """
    limits = machine.limits
    for what, number, most in (
        ("statements", len(program.statements), limits.max_length),
        ("slots", len(program.slots), limits.max_slots),
    ):
        if number > most:
            raise TooLongError(f"the program has {number} live {what}; the interpreter was compiled for {most}")
    instructions = _lower(program, lr, machine)
    rows = _allocate_rows(instructions, machine.first_slot + len(program.slots))
    table, scalars = _pack(instructions, rows, len(lr), machine)
    settings = {name: np.float32(value) for name, value in program.settings.items()}
    return EncodedProgram(table, np.asarray(len(instructions), np.int32), scalars, settings)


def _lower(program: Program, lr: np.ndarray, machine: Machine) -> list[_Instruction]:
    """Return instructions on rows, in single-assignment form but for the final writes to weights and slots."""
    weights, gradient = _Row(WEIGHTS_ROW), _Row(GRADIENT_ROW)
    slots = [_Row(machine.first_slot + i) for i in range(len(program.slots))]
    steps = np.arange(1, len(lr) + 1, dtype=np.float32)
    values: dict[str, _Value] = {"w": weights, "g": gradient, "lr": _scalar(lr), "t": _scalar(steps)}
    values.update((name, _Row(FIRST_INPUT_ROW + i)) for i, name in enumerate(machine.inputs))
    values.update(zip(program.slots, slots, strict=True))
    values.update((name, _scalar(value)) for name, value in program.hyperparameters)
    known = {name: (values[name], kind) for name, kind in initial_kinds(program).items()}
    fresh = count(machine.first_slot + len(slots))
    instructions: list[_Instruction] = []

    def rule(operation: Operation, given: list[tuple[_Value, Kind]]) -> tuple[_Value, Kind]:
        operands, kinds = tuple([value for value, _ in given]), tuple([kind for _, kind in given])
        kind = operation.result_kind(*kinds)
        assert kind is not None, "the program is valid"
        if not any(isinstance(operand, _Row) for operand in operands):
            return _compute_scalar(operation, operands), kind
        target = _Row(next(fresh))
        opcode = machine.opcodes[operation.name, () if operation.signatures is None else kinds]
        instructions.append(_Instruction(opcode, operands, target))
        return target, kind

    walk(statements(program), known, rule, lambda number: (_scalar(number), Kind.SCALAR))
    finals: list[_Value] = []
    for slot in program.slots:
        final, _ = known[slot]
        if isinstance(final, _Scalar):  # a slot for a number that only the schedule gives
            number, final = final, _Row(next(fresh))
            instructions.append(_Instruction(machine.opcodes[COPY, ()], (number,), final))
        finals.append(final)
    subtract = _Instruction(machine.opcodes[SUBTRACT, ()], (weights, known[program.update][0]), weights)
    return _settle_slots([*instructions, subtract], slots, finals)


def _compute_scalar(operation: Operation, operands: tuple[_Value, ...]) -> _Scalar:
    elementwise = operation.elementwise
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


def _pack(
    instructions: list[_Instruction], rows: dict[_Row, int], steps: int, machine: Machine
) -> tuple[np.ndarray, np.ndarray]:
    """Return the instructions' table and the scalars of each step."""
    columns: dict[bytes, int] = {}
    scalars = np.zeros((steps, machine.scalars), np.float32)

    def operand_code(value: _Value) -> int:
        if isinstance(value, _Row):
            return rows[value]
        key = value.array.tobytes()
        if key not in columns:
            scalars[:, len(columns)] = value.array
            columns[key] = len(columns)
        return machine.rows + columns[key]

    table = np.full((machine.length, 5), WEIGHTS_ROW, np.int32)
    table[:, 0] = machine.opcodes[COPY, ()]
    for index, instruction in enumerate(instructions):
        codes = [operand_code(operand) for operand in instruction.operands]
        codes += [codes[0]] * (3 - len(codes))
        table[index] = (instruction.opcode, *codes, rows[instruction.target])
    return table, scalars


def _scalar(value: float | np.ndarray) -> _Scalar:
    with np.errstate(over="ignore"):
        return _Scalar(np.asarray(value, np.float32))
