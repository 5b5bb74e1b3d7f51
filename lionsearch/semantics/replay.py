"""What a program would have done along given weights and gradients: its updates, step by step, in NumPy. No JAX."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lionsearch.lang import OPERATIONS, Kind, Program
from lionsearch.semantics.execution import Execution
from lionsearch.semantics.leaf_space import LeafSpace, Shapes, zero_slot


@dataclass(frozen=True)
class Trajectory:
    """The inputs of a program at each step of a training, in float64.

    Attributes:
        inputs: for each step the value of every input by name: leaves, or a number.
        shapes: of the leaves.
    """

    inputs: tuple[Mapping[str, Any], ...]
    shapes: Shapes

    @cached_property
    def flat(self) -> tuple[Mapping[str, Any], ...]:
        """The inputs with all leaves as one array, for programs to which shapes mean nothing: a tenth of the work."""
        return tuple(map(_flatten, self.inputs))


def _flatten(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: np.concatenate([np.ravel(leaf) for leaf in value]) if isinstance(value, tuple) else value
        for name, value in inputs.items()
    }


class _OneArray:
    """A space in which the whole tree is one array, for operations that ask for no shapes."""

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """Apply an element-wise function."""
        return function(np, *values) if values else np.float64(function(np))

    def tree_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product."""
        return np.vdot(x, y)

    def tensor_dot(self, x: Any, y: Any) -> Any:
        """Return the inner product, which of one tensor is the whole tree's."""
        return np.vdot(x, y)

    def each_tensor(self, function: Callable[..., Any], x: Any) -> Any:
        """Apply a function to the array."""
        return function(np, x)

    def each_matrix(self, function: Callable[..., Any], kinds: Sequence[Kind], result: Kind, *values: Any) -> Any:
        """Raise: a matrix has a shape."""
        raise NotImplementedError


def ignores_shapes(program: Program) -> bool:
    """Return whether a program computes the same, but for rounding, where all tensors are one.

    Examples:
        >>> from lionsearch.lang import parse
        >>> [ignores_shapes(parse(f"def train(w, g, lr): return {x} * lr")) for x in ("sign(g)", "row_mean(g)")]
        [True, False]
    """
    rows = [OPERATIONS[statement.operation] for statement in program.statements]
    kinds = {kind for _, kind in program.state}
    return kinds <= {Kind.TENSOR, Kind.SCALAR} and all(
        row.sums_tree or (row.elementwise is not None and not row.shape_only) for row in rows
    )


def follow(program: Program, trajectory: Trajectory) -> np.ndarray | None:
    """Return a program's update at each step, (steps, parameters); None if the trajectory lacks one of its inputs."""
    if not set(program.optional_inputs) <= set(trajectory.inputs[0]):
        return None
    bare = replace(program.inline_hyperparameters(), optional_inputs=program.optional_inputs)
    given = {*trajectory.inputs[0], *program.slots}
    if ignores_shapes(program):
        size = sum(math.prod(shape) for shape in trajectory.shapes)
        starts = tuple(np.float64(0.0) if kind is Kind.SCALAR else np.zeros(size) for _, kind in program.state)
        return np.array(_replay(Execution(bare, _OneArray(), given), trajectory.flat, starts, program.slots))
    space = LeafSpace(np, trajectory.shapes, np.float64)
    starts = tuple(zero_slot(kind, trajectory.shapes, np, np.float64) for _, kind in program.state)
    updates = _replay(Execution(bare, space, given), trajectory.inputs, starts, program.slots)
    return np.array([np.concatenate([np.ravel(leaf) for leaf in update]) for update in updates])


def _replay(
    execution: Execution, steps: Sequence[Mapping[str, Any]], slots: tuple[Any, ...], names: Sequence[str]
) -> list[Any]:
    updates: list[Any] = []
    with np.errstate(all="ignore"):
        for inputs in steps:
            update, slots = execution.run({**inputs, **dict(zip(names, slots, strict=True))})
            updates.append(update)
    return updates
