"""Program -> values, each assigned once: what every export is made from.

Dead code is gone, copies are resolved, nothing is computed twice, and constant statements are numbers. Where
`lr_scale` is the learning rate's scale and nothing else, it is 1: in an export, the learning rate that the user gives
is the one that acts. `clip` and `cosine_sim` are taken apart, so that what looks at the whole tree is one of `dot`,
`global_norm` and `global_sum`. The number of a tensor's axes is an input: an exported file may reshape the tensors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lionsearch.analysis import initial_kinds, remove_dead_code
from lionsearch.lang import OPERATIONS, Argument, Kind, Program

LR_SCALE = "lr_scale"
AXES = "dimensions"
"""The operation that becomes an input of that name, which no variable can have."""
REDUCTIONS = ("dot", "global_norm", "global_sum")
"""The operations that make a number of the whole tree."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A number in the place of a value; no two are equal that differ in the sign of 0."""

    value: float

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and repr(self.value) == repr(other.value)

    def __hash__(self) -> int:
        return hash(repr(self.value))


Ref = int | Constant
"""A value (its index), or a constant."""
_ONE = Constant(1.0)
_UNNAMED = re.compile(r"(?:\w+_)?v\d+")


def is_unnamed(name: str) -> bool:
    """Return whether the program leaves a value without a name of its own: the parser, or a transform, gave it one.

    Example:
        >>> is_unnamed("v12"), is_unnamed("lookahead_v1"), is_unnamed("v"), is_unnamed("sqrt_v")
        (True, True, False, False)
    """
    return _UNNAMED.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Value:
    """Something that a program computes, or is given.

    Attributes:
        name: in the program.
        kind: of the value.
        operation: that gives it; None for what is there before the first statement.
        arguments: of the operation.
    """

    name: str
    kind: Kind
    operation: str | None = None
    arguments: tuple[Ref, ...] = ()

    @property
    def reads(self) -> tuple[int, ...]:
        """The values among the arguments."""
        return tuple(argument for argument in self.arguments if isinstance(argument, int))


@dataclass(frozen=True, slots=True)
class Flow:
    """A program as values.

    Attributes:
        program: without dead code.
        values: all of them; an argument stands before what takes it.
        initial: the values that are there before the first statement, by name.
        update: the value of the update.
        slots: the next value of each slot.
        scale: the program's `lr_scale`, where that is 1 in an export; else None.
    """

    program: Program
    values: tuple[Value, ...]
    initial: dict[str, int]
    update: int
    slots: tuple[Ref, ...]
    scale: float | None = None

    @property
    def outputs(self) -> tuple[int, ...]:
        """The values that leave the program: the update and the slots, constants left out."""
        return (self.update, *(slot for slot in self.slots if isinstance(slot, int)))

    def needed(self) -> list[int]:
        """Return the statements' values that an output depends on, in order."""
        found, waiting = set(), [*self.outputs]
        while waiting:
            index = waiting.pop()
            if index not in found:
                found.add(index)
                waiting.extend(self.values[index].reads)
        return sorted(index for index in found if self.values[index].operation is not None)

    def reads(self, name: str) -> bool:
        """Return whether the program reads an input, slot or hyperparameter."""
        index = self.initial.get(name)
        if index is None:
            return False
        return index in self.outputs or any(index in self.values[i].reads for i in self.needed())


def build_flow(program: Program, per_tensor: tuple[str, ...] = ()) -> Flow:
    """Return a program as values.

    Args:
        program: any valid program.
        per_tensor: hyperparameters that may differ from tensor to tensor.

    Example:
        >>> from lionsearch.catalog import load_program
        >>> flow = build_flow(load_program("lion"))
        >>> [flow.values[i].operation for i in flow.needed()]
        ['interp', 'sign', 'interp', 'multiply', 'add', 'multiply']
    """
    live = remove_dead_code(program)
    flow = _Builder(live, per_tensor).build()
    if not _is_rates_scale(flow):
        return flow
    scale = dict(live.hyperparameters)[LR_SCALE]
    return replace(_Builder(live, per_tensor, {LR_SCALE: _ONE}).build(), scale=scale)


def _is_rates_scale(flow: Flow) -> bool:
    """Return whether `lr_scale` could be part of `lr`: it scales every use of that, and nothing else.

    A rate, which is `lr` or a product of a rate and what is none (a schedule, a gradient), is read only by products
    with `lr_scale` and by those that make another rate.
    """
    scale, rates, scaled = flow.initial.get(LR_SCALE), {flow.initial["lr"]}, False
    for index in flow.needed():
        value = flow.values[index]
        read = [each for each in value.reads if each in rates]
        if not read and scale not in value.reads:
            continue
        if len(read) != 1 or value.operation != "multiply":
            return False
        if scale in value.reads:
            scaled = True
        else:
            rates.add(index)
    return scaled and not rates.union({scale}).intersection(flow.outputs)


class _Builder:
    def __init__(self, program: Program, per_tensor: tuple[str, ...], known: Mapping[str, Constant] | None = None):
        self._program = program
        self._values: list[Value] = []
        self._known: dict[tuple[str, tuple[Ref, ...]], int] = {}
        self._bound: dict[str, Ref] = {}
        for name, kind in initial_kinds(program).items():
            self._bound[name] = self._add(Value(name, Kind.PER_TENSOR if name in per_tensor else kind))
        self._initial = {name: ref for name, ref in self._bound.items() if isinstance(ref, int)}
        self._bound |= known or {}

    def build(self) -> Flow:
        for statement in self._program.statements:
            arguments = tuple(self._ref(argument) for argument in statement.arguments)
            self._bound[statement.target] = self._apply(statement.target, statement.operation, arguments)
        update = self._bound[self._program.update]
        assert isinstance(update, int)  # its kind is a tensor
        slots = tuple(self._bound[slot] for slot in self._program.slots)
        return Flow(self._program, tuple(self._values), self._initial, update, slots)

    def _ref(self, argument: Argument) -> Ref:
        return self._bound[argument] if isinstance(argument, str) else Constant(float(argument))

    def _add(self, value: Value) -> int:
        self._values.append(value)
        return len(self._values) - 1

    def _apply(self, name: str, operation: str, arguments: tuple[Ref, ...]) -> Ref:
        match operation, arguments:
            case "copy", (x,):
                return x
            case "multiply", (x, y) if _ONE in (x, y):
                return y if x == _ONE else x
            case "divide", (x, y) if y == _ONE:
                return x
            case "dimensions", _:
                if AXES not in self._initial:
                    self._initial[AXES] = self._add(Value(AXES, Kind.PER_TENSOR))
                return self._initial[AXES]
            case "clip", (x, limit):
                norm = self._apply(f"{name}_norm", "global_norm", (x,))
                within = self._apply(f"{name}_within", "less_equal", (norm, limit))
                ratio = self._apply(f"{name}_ratio", "divide", (limit, norm))
                factor = self._apply(f"{name}_factor", "where", (within, _ONE, ratio))
                return self._apply(name, "multiply", (factor, x))
            case "cosine_sim", (x, y):
                norms = [self._apply(f"{name}_norm", "global_norm", (each,)) for each in (x, y)]
                product = self._apply(f"{name}_norms", "multiply", tuple(norms))
                return self._apply(name, "divide", (self._apply(f"{name}_dot", "dot", (x, y)), product))
        constants = [argument for argument in arguments if isinstance(argument, Constant)]
        if len(constants) == len(arguments):
            return _fold(operation, constants)
        kinds = [self._values[ref].kind if isinstance(ref, int) else Kind.SCALAR for ref in arguments]
        kind = OPERATIONS[operation].result_kind(*kinds)
        assert kind is not None, f"{operation} of {kinds}"
        if operation == "where" and isinstance(arguments[0], Constant) and kinds[1] == kinds[2] == kind:
            return arguments[1] if arguments[0].value != 0 else arguments[2]
        if (operation, arguments) not in self._known:
            self._known[operation, arguments] = self._add(Value(name, kind, operation, arguments))
        return self._known[operation, arguments]


def _fold(operation: str, constants: list[Constant]) -> Constant:
    function = OPERATIONS[operation].elementwise
    assert function is not None  # nothing else takes numbers alone
    with np.errstate(all="ignore"):
        return Constant(float(function(np, *(np.float64(constant.value) for constant in constants))))


def consumers(flow: Flow, needed: list[int]) -> dict[int, list[int]]:
    """Return for each value the needed values that read it, once for each argument."""
    found: dict[int, list[int]] = {index: [] for index in range(len(flow.values))}
    for index in needed:
        for read in flow.values[index].reads:
            found[read].append(index)
    return found
