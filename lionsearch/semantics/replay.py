"""What a program would have done along given weights and gradients: its updates, step by step, in NumPy. No JAX."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lionsearch.lang import OPERATIONS, Kind, Program
from lionsearch.semantics.execution import prepare_statements
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
    def flat(self) -> Trajectory:
        """The same with all leaves in one, for programs to which shapes mean nothing: a third of the work."""
        size = sum(math.prod(shape) for shape in self.shapes)
        return Trajectory(tuple(map(_flatten, self.inputs)), ((size,),))


def _flatten(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: (np.concatenate([np.ravel(leaf) for leaf in value]),) if isinstance(value, tuple) else value
        for name, value in inputs.items()
    }


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
    if ignores_shapes(program):
        trajectory = trajectory.flat
    space = LeafSpace(np, trajectory.shapes, np.float64)
    slots = tuple(zero_slot(kind, trajectory.shapes, np, np.float64) for _, kind in program.state)
    bare = replace(program.inline_hyperparameters(), optional_inputs=program.optional_inputs)
    run = prepare_statements(bare, space)
    updates: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        for inputs in trajectory.inputs:
            update, slots = run({**inputs, **dict(zip(program.slots, slots, strict=True))})
            updates.append(np.concatenate([np.ravel(leaf) for leaf in update]))
    return np.array(updates)
