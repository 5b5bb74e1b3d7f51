"""What a program would have done along given weights and gradients: its updates, step by step, in NumPy. No JAX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lionsearch.lang import Program
from lionsearch.semantics.execution import run_statements
from lionsearch.semantics.leaf_space import LeafSpace, Shapes, zero_slot


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The inputs of a program at each step of a training, in float64.

    Attributes:
        inputs: for each step the value of every input by name: leaves, or a number.
        shapes: of the leaves.
    """

    inputs: tuple[Mapping[str, Any], ...]
    shapes: Shapes


def follow(program: Program, trajectory: Trajectory) -> np.ndarray | None:
    """Return a program's update at each step, (steps, parameters); None if the trajectory lacks one of its inputs."""
    if not set(program.optional_inputs) <= set(trajectory.inputs[0]):
        return None
    space = LeafSpace(np, trajectory.shapes, np.float64)
    slots = tuple(zero_slot(kind, trajectory.shapes, np, np.float64) for _, kind in program.state)
    bare = replace(program.inline_hyperparameters(), optional_inputs=program.optional_inputs)
    updates: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        for inputs in trajectory.inputs:
            update, slots = run_statements(bare, space, {**inputs, **dict(zip(program.slots, slots, strict=True))})
            updates.append(np.concatenate([np.ravel(leaf) for leaf in update]))
    return np.array(updates)
