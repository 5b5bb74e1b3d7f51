"""What an interpreter is compiled for: which operations and inputs it knows, and how many programs' rows fit.

There are few machines: one for the paper's operations, which is what a search needs; one with the extended ones; one
with matrix operations, whose rows have room for squares; and one more for each set of inputs that costs a gradient or
a Hessian-vector product. A program runs on the smallest that can run it, so a search pays for nothing it does not use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lionsearch.evaluation.plan import Limits
from lionsearch.lang import INPUTS, OPERATIONS, Kind, Program

Instruction = tuple[str, tuple[Kind, ...]]
"""An operation, and its arguments' kinds where the layout depends on them, else ()."""

GROUPS = ("paper", "extended", "matrix")
"""Operations from the least to the most; each machine knows a group and those before it."""

WEIGHTS_ROW, GRADIENT_ROW, FIRST_INPUT_ROW = 0, 1, 2


@dataclass(frozen=True)
class Machine:
    """The shape of an interpreter.

    Attributes:
        limits: the room for programs.
        group: the largest group of operations that it knows.
        inputs: the optional inputs that training gives it, as rows.
    """

    limits: Limits
    group: str = "paper"
    inputs: tuple[str, ...] = ()

    @property
    def squares(self) -> bool:
        """Whether rows have room for squares."""
        return self.group == "matrix"

    @property
    def fits_kernel(self) -> bool:
        """Whether `kernel.py` has all operations: not what needs a tensor's own shape."""
        return self.group == "paper"

    @cached_property
    def instructions(self) -> tuple[Instruction, ...]:
        """What an opcode stands for, in order."""
        known = (*GROUPS[: GROUPS.index(self.group) + 1], "syntax")
        rows = [row for row in OPERATIONS.values() if row.group in known]
        return tuple((row.name, kinds) for row in rows for kinds in (row.signatures or ((),)))

    @cached_property
    def opcodes(self) -> dict[Instruction, int]:
        """The opcode of each instruction."""
        return {instruction: code for code, instruction in enumerate(self.instructions)}

    @property
    def first_slot(self) -> int:
        """The row of the first slot."""
        return FIRST_INPUT_ROW + len(self.inputs)

    @property
    def rows(self) -> int:
        """Rows of the register file: weights, gradient, inputs, slots, and a temporary for each statement."""
        return self.first_slot + self.limits.max_slots + self.limits.max_length

    @property
    def length(self) -> int:
        """Statements, the subtraction of the update, and copies of numbers to slots."""
        return self.limits.max_length + self.limits.max_slots + 1

    @property
    def scalars(self) -> int:
        """Distinct scalars that the statements on rows read: at most two each beside a row, and one for each slot."""
        return 2 * self.limits.max_length + self.limits.max_slots


def machine_for(program: Program, limits: Limits) -> Machine:
    """Return the smallest machine that can run a program."""
    groups = {OPERATIONS[statement.operation].group for statement in program.statements}
    largest = max((GROUPS.index(group) for group in groups if group in GROUPS), default=0)
    inputs = tuple(name for name in INPUTS if name in program.optional_inputs and not INPUTS[name].scheduled)
    return Machine(limits, GROUPS[largest], inputs)
