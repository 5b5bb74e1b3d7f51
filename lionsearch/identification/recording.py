"""One real training recorded step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.evaluation.room import load_trainable
from lionsearch.evaluation.training_inputs import TrainingInputs
from lionsearch.evaluation.update_rule import CompiledRule
from lionsearch.lang import INPUTS, REQUIRED_INPUTS, Kind
from lionsearch.semantics.leaf_space import leaf_shapes
from lionsearch.semantics.oracle import Leaves
from lionsearch.semantics.replay import Trajectory
from lionsearch.tasks.calling import calling_task
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.spec import TaskSpec
from lionsearch.tasks.validation import count_examples

STEPS = 40


def record_trajectory(spec: TaskSpec, wanted: Sequence[str] = (), steps: int = STEPS) -> Trajectory:
    """Return the first steps of training a task with its tuned AdamW, at the peak of its schedule.

    Args:
        spec: the task.
        wanted: optional inputs to record; what each costs is paid only then.
        steps: how many.

    Raises:
        TaskError: if the task cannot be used.
    """
    problem = load_trainable(spec)
    with calling_task(spec.name):
        return _record(problem, spec, wanted, steps)


def _record(problem: Problem, spec: TaskSpec, wanted: Sequence[str], steps: int) -> Trajectory:
    adamw = load_program(str(PROGRAMS.shipped / "adamw.py")).with_hyperparameters({"weight_decay": spec.weight_decay})
    rule = CompiledRule(adamw)
    names = tuple(name for name in wanted if name not in REQUIRED_INPUTS and not INPUTS[name].scheduled)
    training = TrainingInputs(names, problem)
    settings = {setting[0]: np.float32(setting[1]) for row in INPUTS.values() if (setting := row.setting) is not None}
    data, key = jax.device_put(problem.train), jax.random.key(5)
    rate = np.float32(spec.learning_rate / 0.001)

    @jax.jit
    def step(state: Any, carried: Any, examples: jax.Array, number: jax.Array) -> tuple[Any, Any, Any, Any]:
        batch = jax.tree.map(lambda leaf: leaf[examples], data)
        gradients, extra, carried = training.compute(carried, state.params, batch, data, key, number, settings)
        inputs = (rate, jnp.asarray(number + 1, jnp.float32))
        return rule.step(None, state, gradients, inputs, {}), carried, gradients, extra

    params, model = Objective(problem).init(jax.random.key(0))
    state, carried = rule.start(params), training.start(params, model)
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


def _leaves(tree: Any) -> Leaves:
    return tuple(np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(tree))
