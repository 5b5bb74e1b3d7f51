"""Random valid programs, plain and as a hypothesis strategy, and the numbers that a program gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from lionsearch.analysis import initial_kinds
from lionsearch.evaluate.execution import run_statements
from lionsearch.evaluate.oracle import Leaves
from lionsearch.evaluate.spaces import LeafSpace
from lionsearch.lang import OPERATIONS, Kind, Operation, Program, Statement
from lionsearch.lang.program import Argument

SHAPES = ((2, 3), (5,), ())
_SLOTS = ("m", "v", "u")
_HYPERPARAMETERS = ("b1", "b2", "decay")
_NO_DESCRIPTION = st.just("")
_TEMPORARIES = tuple(f"x{i}" for i in range(1, 7))
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
    rng: random.Random, length: int = 12, operations: Sequence[str] | None = None, description: str = ""
) -> Program:
    """A valid program: `length` random statements, and up to six more that make tensors of the slots and the update.

    It has up to three slots, three hyperparameters and the input `t`; names of all sorts are assigned anew, and most
    programs hold dead code. Only inputs that `run_oracle` knows are asked for.
    """
    program = Program(
        statements=(),
        update="g",
        slots=_SLOTS[: rng.randint(0, 3)],
        optional_inputs=("t",) if rng.random() < 0.3 else (),
        hyperparameters=tuple((name, random_constant(rng)) for name in _HYPERPARAMETERS[: rng.randint(0, 3)]),
        description=description,
    )
    kinds = initial_kinds(program)
    rows = [OPERATIONS[name] for name in (operations or OPERATIONS)]
    statements: list[Statement] = []
    for _ in range(length):
        operation = rng.choice(rows)
        arguments = tuple(_random_argument(rng, kinds, low, high) for low, high in operation.accepts)
        _append(statements, kinds, _random_target(rng, kinds, operation, arguments), operation.name, arguments)
    for slot in program.slots:
        if kinds[slot] is not Kind.TENSOR:
            _append(statements, kinds, slot, "multiply", (slot, rng.choice(_tensors(kinds))))
    update = rng.choice(_tensors(kinds))
    if statements and rng.random() < 0.7:  # join what was written last, so that much of the program is live
        for name in list(kinds)[-3:]:
            _append(statements, kinds, "update", rng.choice(("add", "multiply", "subtract")), (update, name))
            update = "update"
    return Program(
        tuple(statements), update, program.slots, program.optional_inputs, program.hyperparameters, description
    )


def _tensors(kinds: dict[str, Kind]) -> list[str]:
    return [name for name, kind in kinds.items() if kind is Kind.TENSOR]


def _random_argument(rng: random.Random, kinds: dict[str, Kind], low: Kind, high: Kind) -> Argument:
    if low is Kind.SCALAR and rng.random() < 0.2:
        return random_constant(rng)
    names = [name for name, kind in kinds.items() if low <= kind <= high]
    if not names:
        return random_constant(rng)
    return names[-1] if rng.random() < 0.5 else rng.choice(names)  # the last written stands last: chains stay live


def _random_target(
    rng: random.Random, kinds: dict[str, Kind], operation: Operation, arguments: tuple[Argument, ...]
) -> str:
    """A new or an old name; the last tensor is never lost."""
    names = [*_TEMPORARIES, *kinds]
    if _kind(kinds, operation.name, arguments) is not Kind.TENSOR and len(_tensors(kinds)) == 1:
        names = [name for name in names if kinds.get(name) is not Kind.TENSOR]
    return rng.choice(names)


def _kind(kinds: dict[str, Kind], operation: str, arguments: tuple[Argument, ...]) -> Kind:
    return OPERATIONS[operation].result_kind(*(kinds[a] if isinstance(a, str) else Kind.SCALAR for a in arguments))


def _append(
    statements: list[Statement], kinds: dict[str, Kind], target: str, operation: str, arguments: tuple[Argument, ...]
) -> None:
    kind = _kind(kinds, operation, arguments)
    kinds.pop(target, None)
    kinds[target] = kind
    statements.append(Statement(target, operation, arguments))


def programs(
    max_length: int = 16, descriptions: st.SearchStrategy[str] = _NO_DESCRIPTION
) -> st.SearchStrategy[Program]:
    """Random valid programs, as `random_program` makes them."""
    return st.builds(
        random_program,
        st.randoms(use_true_random=False),
        st.integers(0, max_length),
        description=descriptions,
    )


def random_leaves(rng: np.random.Generator, scale: float = 1.0) -> Leaves:
    """The float32 leaves of a small model: a matrix, a vector, one number."""
    return tuple((scale * rng.standard_normal(shape)).astype(np.float32) for shape in SHAPES)


class Float32Space(LeafSpace):
    """NumPy leaves, where a scalar is never wider than float32: not even pi."""

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """As `LeafSpace.map`, all numbers in float32."""
        values = tuple(np.float32(value) if isinstance(value, float) else value for value in values)
        result = LeafSpace.map(self, function, *values)
        return np.float32(result) if isinstance(result, float) else result


def run_updates(program: Program, seed: int = 0, steps: int = 4) -> list[tuple[Leaves, dict[str, Leaves]]]:
    """The float32 update of each step and the slots after it, on fresh weights and gradients in each step.

    Other than in training, an update that is not finite does not hide what comes after it.
    """
    data = np.random.default_rng(seed)
    slots = {slot: tuple(np.zeros(shape, np.float32) for shape in SHAPES) for slot in program.slots}
    history = []
    with np.errstate(all="ignore"):
        for step in range(1, steps + 1):
            inputs = {"w": random_leaves(data), "g": random_leaves(data), "lr": np.float32(1 / step)}
            inputs |= {"t": np.float32(step)} | {name: np.float32(value) for name, value in program.hyperparameters}
            update, values = run_statements(program, Float32Space(np), inputs | slots)
            slots = dict(zip(program.slots, values, strict=True))
            history.append((update, slots))
    return history


def same_numbers(one: Leaves, two: Leaves, zeros: bool = True) -> bool:
    """Whether two trees are equal to the bit; all NaN count as one, and with `zeros` off 0.0 and -0.0 too."""
    return all(
        a.dtype == b.dtype
        and np.array_equal(a, b, equal_nan=True)
        and (not zeros or bool((np.isnan(a) | (np.signbit(a) == np.signbit(b))).all()))
        for a, b in zip(map(np.asarray, one), map(np.asarray, two), strict=True)
    )
