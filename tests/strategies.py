"""Random valid programs, plain and as a hypothesis strategy, and the numbers that a program gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from lionsearch.graph import initial_kinds
from lionsearch.lang import JOIN, OPERATIONS, PAPER_OPERATIONS, Kind, Operation, Program, Statement
from lionsearch.lang.kinds import SLOT_KINDS
from lionsearch.lang.program import Argument
from lionsearch.semantics.execution import run_statements
from lionsearch.semantics.leaf_space import LeafSpace, Shapes, zero_slot
from lionsearch.semantics.oracle import Leaves

SHAPES = ((2, 3), (5,), ())
STACKED_SHAPES = ((2, 3), (4, 2), (5,), (), (2, 1, 3, 2))
"""A wide and a tall matrix, a vector, a number, and a stack."""

PLAIN_OPERATIONS = (*PAPER_OPERATIONS, "copy")
_MATRIX_OPERATIONS = tuple(name for name, row in OPERATIONS.items() if row.signatures is not None)
_ALL_OPERATIONS = (*OPERATIONS, *_MATRIX_OPERATIONS, *_MATRIX_OPERATIONS)  # their arguments are rare: drawn more often
_SLOTS = ("m", "v", "u")
_HYPERPARAMETERS = ("b1", "b2", "decay")
_NO_DESCRIPTION = st.just("")
_TEMPORARIES = tuple(f"x{i}" for i in range(1, 7))
_WAYS_TO = {
    Kind.SCALAR: "global_norm",
    Kind.PER_TENSOR: "norm",
    Kind.ROW: "column_mean",
    Kind.COLUMN: "row_mean",
}
_SPECIAL_CONSTANTS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 0.9, 0.999, 1e-8)


def random_constant(rng: random.Random) -> float:
    """A constant as programs have them: special, ordinary, or of any magnitude, in float64."""
    draw = rng.random()
    if draw < 0.4:
        return rng.choice(_SPECIAL_CONSTANTS)
    if draw < 0.8:
        return rng.uniform(-2.0, 2.0)
    return rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-9.0, 3.0)


def random_program(
    rng: random.Random,
    length: int = 12,
    operations: Sequence[str] | None = None,
    description: str = "",
    everything: bool = False,
) -> Program:
    """A valid program: `length` random statements, and some more that give the slots and the update their kinds.

    It has up to three slots, three hyperparameters and the input `t`; names of all sorts are assigned anew, and most
    programs hold dead code. Only inputs that `run_oracle` knows are asked for.

    Args:
        rng: drawn from.
        length: of the random part.
        operations: what the random part is made of; by default the paper's and `copy`, with `everything` all.
        description: its docstring.
        everything: slots of all kinds, not only tensors.
    """
    slots = _SLOTS[: rng.randint(0, 3)]
    program = Program(
        statements=(),
        update="g",
        slots=slots,
        slot_kinds=tuple(rng.choice([*SLOT_KINDS.values()]) for _ in slots) if everything else (),
        optional_inputs=("t",) if rng.random() < 0.3 else (),
        hyperparameters=tuple((name, random_constant(rng)) for name in _HYPERPARAMETERS[: rng.randint(0, 3)]),
        description=description,
    )
    growing = _GrowingProgram(rng, program)
    rows = [OPERATIONS[name] for name in (operations or (_ALL_OPERATIONS if everything else PLAIN_OPERATIONS))]
    for _ in range(length):
        growing.add_random_statement(rows)
    for slot, kind in program.state:
        if growing.kinds[slot] is not kind:
            growing.give_kind(slot, kind)
    update = rng.choice(growing.tensors())
    if growing.statements and rng.random() < 0.7:  # join what was written last, so that much of the program is live
        for name in list(growing.kinds)[-3:]:
            growing.join(update, name)
            update = "update"
    return replace(program, statements=tuple(growing.statements), update=update)


class _GrowingProgram:
    """Statements, and the kind of every variable so far; what was written last stands last."""

    def __init__(self, rng: random.Random, program: Program):
        self.statements: list[Statement] = []
        self.kinds = initial_kinds(program)
        self._rng, self._state = rng, program.state

    def tensors(self) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind is Kind.TENSOR]

    def append(self, target: str, operation: str, *arguments: Argument) -> None:
        kinds = [self.kinds[a] if isinstance(a, str) else Kind.SCALAR for a in arguments]
        kind = OPERATIONS[operation].result_kind(*kinds)
        assert kind is not None, (operation, kinds)
        self.kinds.pop(target, None)
        self.kinds[target] = kind
        self.statements.append(Statement(target, operation, arguments))

    def add_random_statement(self, rows: Sequence[Operation]) -> None:
        possible = [row for row in rows if row.signatures is None or self._signatures(row)]
        operation = self._rng.choice(possible or [OPERATIONS["copy"]])
        arguments = self._random_arguments(operation)
        kinds = [self.kinds[a] if isinstance(a, str) else Kind.SCALAR for a in arguments]
        self.append(self._random_target(operation.result_kind(*kinds)), operation.name, *arguments)

    def give_kind(self, slot: str, kind: Kind) -> None:
        """Write a slot anew, so that it is of a kind; the last tensor is never lost."""
        if kind is Kind.TENSOR:
            tensor = self._rng.choice(self.tensors())
            if JOIN[self.kinds[slot]][kind] is kind:
                self.append(slot, "multiply", slot, tensor)
            else:
                self.append(slot, "copy", tensor)
            return
        if self.tensors() == [slot]:
            self.append("kept", "copy", slot)
        tensor = self._rng.choice(self.tensors())
        if kind in (Kind.LEFT, Kind.RIGHT):
            self.append("flipped", "transpose", tensor)
            self.append(slot, "matmul", *((tensor, "flipped") if kind is Kind.LEFT else ("flipped", tensor)))
        else:
            self.append(slot, _WAYS_TO[kind], tensor)

    def join(self, update: str, name: str) -> None:
        """Write `update` from a tensor and a value of any kind."""
        kind = self.kinds[name]
        if kind is Kind.TRANSPOSED:
            self.append("flipped", "transpose", name)
            name = "flipped"
        if kind is Kind.LEFT:
            self.append("update", "matmul", name, update)
        elif kind is Kind.RIGHT:
            self.append("update", "matmul", update, name)
        else:
            self.append("update", self._rng.choice(("add", "multiply", "subtract")), update, name)

    def _signatures(self, row: Operation) -> list[tuple[Kind, ...]]:
        """Return those of the row's signatures for which there are variables."""
        there = {*self.kinds.values(), Kind.SCALAR}
        return [kinds for kinds in row.signatures or () if there.issuperset(kinds)]

    def _random_arguments(self, operation: Operation) -> list[Argument]:
        if operation.signatures is not None:
            return [self._random_argument((kind,)) for kind in self._rng.choice(self._signatures(operation))]
        arguments: list[Argument] = []
        joined: Kind | None = Kind.SCALAR
        for kinds in operation.accepts:
            assert joined is not None
            argument = self._random_argument([kind for kind in kinds if JOIN[joined][kind] is not None])
            joined = JOIN[joined][self.kinds[argument] if isinstance(argument, str) else Kind.SCALAR]
            arguments.append(argument)
        return arguments

    def _random_argument(self, kinds: Sequence[Kind]) -> Argument:
        if Kind.SCALAR in kinds and self._rng.random() < 0.2:
            return random_constant(self._rng)
        names = [name for name, kind in self.kinds.items() if kind in kinds]
        if not names:
            return random_constant(self._rng)
        return names[-1] if self._rng.random() < 0.5 else self._rng.choice(names)  # chains stay live

    def _random_target(self, kind: Kind | None) -> str:
        """A new or an old name; the last tensor is never lost, and a slot of a rare kind is often written."""
        names = [*_TEMPORARIES, *self.kinds]
        if kind is not Kind.TENSOR:
            if len(self.tensors()) == 1:
                names = [name for name in names if self.kinds.get(name) is not Kind.TENSOR]
            slots = [slot for slot, declared in self._state if declared is kind and slot in names]
            if slots and self._rng.random() < 0.5:
                names = slots
        return self._rng.choice(names)


def programs(
    max_length: int = 16, descriptions: st.SearchStrategy[str] = _NO_DESCRIPTION, everything: bool = False
) -> st.SearchStrategy[Program]:
    """Random valid programs, as `random_program` makes them."""
    return st.builds(
        random_program,
        st.randoms(use_true_random=False),
        st.integers(0, max_length),
        description=descriptions,
        everything=st.just(everything),
    )


def random_leaves(rng: np.random.Generator, scale: float = 1.0, shapes: Shapes = SHAPES) -> Leaves:
    """The float32 leaves of a small model: by default a matrix, a vector, one number."""
    return tuple((scale * rng.standard_normal(shape)).astype(np.float32) for shape in shapes)


class Float32Space(LeafSpace):
    """NumPy leaves, where a scalar is never wider than float32: not even pi."""

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """As `LeafSpace.map`, all numbers in float32."""
        values = tuple(np.float32(value) if isinstance(value, float) else value for value in values)
        result = LeafSpace.map(self, function, *values)
        return np.float32(result) if isinstance(result, float) else result

    def each_matrix(self, function: Callable[..., Any], kinds: Sequence[Kind], result: Kind, *values: Any) -> Any:
        """As `LeafSpace.each_matrix`, all numbers in float32."""
        values = tuple(np.float32(value) if isinstance(value, float) else value for value in values)
        return LeafSpace.each_matrix(self, function, kinds, result, *values)


def run_updates(
    program: Program, seed: int = 0, steps: int = 4, shapes: Shapes = SHAPES
) -> list[tuple[Leaves, dict[str, Any]]]:
    """The float32 update of each step and the slots after it, on fresh weights and gradients in each step.

    Other than in training, an update that is not finite does not hide what comes after it.
    """
    data = np.random.default_rng(seed)
    slots = {slot: zero_slot(kind, shapes, np, np.float32) for slot, kind in program.state}
    history = []
    with np.errstate(all="ignore"):
        for step in range(1, steps + 1):
            inputs = {"w": random_leaves(data, shapes=shapes), "g": random_leaves(data, shapes=shapes)}
            inputs |= {"lr": np.float32(1 / step), "t": np.float32(step)}
            inputs |= {name: np.float32(value) for name, value in program.hyperparameters}
            update, values = run_statements(program, Float32Space(np, shapes), inputs | slots)
            slots = dict(zip(program.slots, values, strict=True))
            history.append((update, slots))
    return history


def same_numbers(one: Any, two: Any, zeros: bool = True) -> bool:
    """Whether two values are equal to the bit; all NaN count as one, and with `zeros` off 0.0 and -0.0 too."""
    pairs = zip(*(value if isinstance(value, tuple) else (value,) for value in (one, two)), strict=True)
    return all(
        a.dtype == b.dtype
        and np.array_equal(a, b, equal_nan=True)
        and (not zeros or bool((np.isnan(a) | (np.signbit(a) == np.signbit(b))).all()))
        for a, b in ((np.asarray(a), np.asarray(b)) for a, b in pairs)
    )
