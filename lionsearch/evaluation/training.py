"""One training run: a task, a rule and a seed's batches -> the loss along the way and at the end.

Training goes in chunks, and ends early when the loss is not finite or hopeless against a limit for each chunk.
Invariant: the trainer is compiled once per rule and task; programs, data, schedules and limits are arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from lionsearch.evaluation.training_inputs import Carried, TrainingInputs
from lionsearch.evaluation.update_rule import Rule
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem


class Course(NamedTuple):
    """What one seed needs besides the program.

    Attributes:
        params: the initial parameter tree.
        batches: int32 (chunks, steps per chunk, batch), the examples of each step.
        key: of the random numbers of training: of dropout and noise, and those that optional inputs need.
        model: the model's own initial state, `()` if it has none.
    """

    params: Any
    batches: jax.Array
    key: jax.Array
    model: Any = ()


class Outcome(NamedTuple):
    """What one training run gave.

    Attributes:
        loss: the final loss on the whole evaluation batch; inf if the run ended early.
        curve: (chunks,), the probe's loss after each chunk; inf where it was not reached.
        chunks: how many chunks were trained.
        metrics: the task's own measures of the final weights on the whole evaluation batch.
        costs: what a rival has asked for in all steps; `()` for a program.
    """

    loss: jax.Array
    curve: jax.Array
    chunks: jax.Array
    metrics: dict[str, jax.Array]
    costs: Any = ()


class Inputs(Protocol):
    """What is computed for a rule in each step besides the gradients; see `TrainingInputs`."""

    def start(self, params: Any, model: Any = ()) -> Carried:
        """Return what is carried from step to step."""
        ...

    def compute(
        self, carried: Carried, params: Any, batch: Any, data: Any, key: jax.Array, step: jax.Array, settings: Any
    ) -> tuple[Any, dict[str, Any], Carried]:
        """Return the gradients, what else the rule gets by name, and what is carried on."""
        ...


def build_trainer(
    problem: Problem, rule: Rule, names: tuple[str, ...] = (), given: Inputs | None = None
) -> Callable[..., Outcome]:
    """Return `train(program, settings, course, inputs, data, probe, final, limits) -> Outcome`, not yet jitted.

    Args:
        problem: losses and metrics.
        rule: the update rule.
        names: the optional inputs to compute for it.
        given: what computes other inputs, in their place.

    Returns:
        A function of: the rule's program; the hyperparameters that say how optional inputs are computed; a `Course`;
        `inputs`, a tree with leading axes (chunks, steps per chunk); `data`, the training examples along the first
        axis of each leaf; `probe` and `final`, the batches that the loss is measured on after a chunk and at the end;
        `limits`, (chunks,): training ends early when the probe's loss is above.
    """
    objective = Objective(problem)
    optional = TrainingInputs(names, problem) if given is None else given

    def train(
        program: Any,
        settings: Any,
        course: Course,
        inputs: Any,
        data: Any,
        probe: Any,
        final: Any,
        limits: jax.Array,
    ) -> Outcome:
        chunks, per_chunk = course.batches.shape[:2]

        def step(carry: Any, now: Any) -> tuple[Any, None]:
            state, carried = carry
            number, examples, scalars = now
            batch = jax.tree.map(lambda leaf: leaf[examples], data)
            weights = rule.weights(state)
            gradients, extra, carried = optional.compute(carried, weights, batch, data, course.key, number, settings)
            return (rule.step(program, state, gradients, scalars, extra), carried), None

        def train_chunk(carry: Any) -> Any:
            chunk, _, state, curve = carry
            numbers = chunk * per_chunk + jnp.arange(per_chunk)
            now = jax.tree.map(lambda leaf: leaf[chunk], (course.batches, inputs))
            state, _ = lax.scan(step, state, (numbers, *now))
            value = objective.measured(rule.measured(state[0]), state[1].model, probe)
            alive = jnp.isfinite(value) & (value <= limits[chunk])
            return chunk + 1, alive, state, curve.at[chunk].set(value)

        def measure(params: Any, model: Any) -> tuple[jax.Array, dict[str, jax.Array]]:
            return objective.measured(params, model, final), objective.metrics(params, model, final)

        def lose(params: Any, model: Any) -> tuple[jax.Array, dict[str, jax.Array]]:
            shapes = jax.eval_shape(measure, params, model)
            return jax.tree.map(lambda leaf: jnp.full(leaf.shape, jnp.inf, leaf.dtype), shapes)

        def goes_on(carry: Any) -> jax.Array:
            return (carry[0] < chunks) & carry[1]

        state = (rule.start(course.params), optional.start(course.params, course.model))
        curve = jnp.full((chunks,), jnp.inf)
        trained, alive, state, curve = lax.while_loop(goes_on, train_chunk, (0, True, state, curve))
        value, measured = lax.cond(alive, measure, lose, rule.measured(state[0]), state[1].model)
        return Outcome(value, curve, jnp.asarray(trained), measured, rule.costs(state[0]))

    return train
