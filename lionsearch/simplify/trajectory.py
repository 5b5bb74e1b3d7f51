"""One real training recorded step by step, and what any program would have done along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.evaluate.execution import run_statements
from lionsearch.evaluate.oracle import Leaves, zero_slot
from lionsearch.evaluate.rules import CompiledRule
from lionsearch.evaluate.signals import Signals
from lionsearch.evaluate.spaces import LeafSpace, leaf_shapes
from lionsearch.lang import INPUTS, Kind, Program
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.spec import TaskSpec, load_problem
from lionsearch.tasks.validation import count_examples

STEPS = 40
_PRECOMPUTED = ("w", "g", "lr", "t")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The inputs of a program at each step of a training, in float64.

    Attributes:
        inputs: for each step the value of every input by name: leaves, or a number.
        shapes: of the leaves.
    """

    inputs: tuple[Mapping[str, Any], ...]
    shapes: tuple[tuple[int, ...], ...]


def record_trajectory(spec: TaskSpec, wanted: Sequence[str] = (), steps: int = STEPS) -> Trajectory:
    """Return the first steps of training a task with its tuned AdamW, at the peak of its schedule.

    Args:
        spec: the task.
        wanted: optional inputs to record; what each costs is paid only then.
        steps: how many.

    Raises:
        TaskError: if the task cannot be used.
    """
    problem: Problem = load_problem(spec)
    adamw = load_program(str(PROGRAMS.shipped / "adamw.py")).with_hyperparameters({"weight_decay": spec.weight_decay})
    rule = CompiledRule(adamw)
    names = tuple(name for name in wanted if name not in _PRECOMPUTED)
    signals = Signals(names, problem)
    settings = {setting[0]: np.float32(setting[1]) for row in INPUTS.values() if (setting := row.setting) is not None}
    data, key = jax.device_put(problem.train), jax.random.key(5)
    rate = np.float32(spec.learning_rate / 0.001)

    @jax.jit
    def step(state: Any, carried: Any, examples: jax.Array, number: jax.Array) -> tuple[Any, Any, Any, Any]:
        batch = jax.tree.map(lambda leaf: leaf[examples], data)
        gradients, extra, carried = signals.compute(carried, state.params, batch, data, key, number, settings)
        inputs = (rate, jnp.asarray(number + 1, jnp.float32))
        return rule.step(None, state, gradients, inputs, {}), carried, gradients, extra

    params = problem.init(jax.random.key(0))
    state, carried = rule.start(params), signals.start(params)
    rng, size = np.random.default_rng(11), count_examples(problem.train)
    found: list[Mapping[str, Any]] = []
    for number in range(steps):
        examples = rng.choice(size, spec.batch, replace=False)
        after, carried, gradients, extra = step(state, carried, jnp.asarray(examples), jnp.asarray(number))
        values: dict[str, Any] = {"w": _leaves(state.params), "g": _leaves(gradients)}
        values.update(lr=np.float64(rate), t=np.float64(number + 1))
        for name, value in extra.items():
            values[name] = np.float64(value) if INPUTS[name].kind is Kind.SCALAR else _leaves(value)
        found.append(values)
        state = after
    return Trajectory(tuple(found), leaf_shapes(jax.tree.leaves(params)))


def follow(program: Program, trajectory: Trajectory) -> np.ndarray | None:
    """Return a program's update at each step, (steps, parameters); None if the trajectory lacks one of its inputs."""
    if not set(program.optional_inputs) <= set(trajectory.inputs[0]):
        return None
    space = LeafSpace(np, trajectory.shapes, np.float64)
    slots = tuple(zero_slot(kind, trajectory.shapes, np, np.float64) for _, kind in program.state)
    inlined = program.inline_hyperparameters()
    bare = replace(inlined, optional_inputs=program.optional_inputs)
    updates: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        for inputs in trajectory.inputs:
            update, slots = run_statements(bare, space, {**inputs, **dict(zip(program.slots, slots, strict=True))})
            updates.append(np.concatenate([np.ravel(leaf) for leaf in update]))
    return np.array(updates)


def _leaves(tree: Any) -> Leaves:
    return tuple(np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(tree))
