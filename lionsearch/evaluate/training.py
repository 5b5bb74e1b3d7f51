"""One training run: a task, a rule and a seed's batches -> the loss along the way and at the end.

Training goes in chunks, and ends early when the loss is not finite or hopeless against a limit for each chunk.
Invariant: the trainer is compiled once per rule and task; programs, data, schedules and limits are arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from lionsearch.evaluate.rules import Rule

Loss = Callable[[Any, Any], jax.Array]
Metrics = Callable[[Any, Any], dict[str, jax.Array]]


class Course(NamedTuple):
    """What one seed needs besides the program.

    Attributes:
        params: the initial parameter tree.
        batches: int32 (chunks, steps per chunk, batch), the examples of each step.
    """

    params: Any
    batches: jax.Array


class Outcome(NamedTuple):
    """What one training run gave.

    Attributes:
        loss: the final loss on the whole evaluation batch; inf if the run ended early.
        curve: (chunks,), the probe's loss after each chunk; inf where it was not reached.
        chunks: how many chunks were trained.
        metrics: the task's own measures of the final weights on the whole evaluation batch.
    """

    loss: jax.Array
    curve: jax.Array
    chunks: jax.Array
    metrics: dict[str, jax.Array]


def build_trainer(loss: Loss, rule: Rule, metrics: Metrics | None = None) -> Callable[..., Outcome]:
    """Return `train(program, course, inputs, data, probe, final, limits) -> Outcome`, not yet jitted.

    Args:
        loss: `loss(params, batch)`, a scalar.
        rule: the update rule.
        metrics: `metrics(params, batch)`, further scalars by name.

    Returns:
        A function of: the rule's program; a `Course`; `inputs`, a tree with leading axes (chunks, steps per chunk);
        `data`, the training examples along the first axis of each leaf; `probe` and `final`, the batches that the
        loss is measured on after a chunk and at the end; `limits`, (chunks,): training ends early when the probe's
        loss is above.
    """

    def train(
        program: Any, course: Course, inputs: Any, data: Any, probe: Any, final: Any, limits: jax.Array
    ) -> Outcome:
        chunks = limits.shape[0]

        def step(state: Any, now: Any) -> tuple[Any, None]:
            examples, scalars = now
            batch = jax.tree.map(lambda leaf: leaf[examples], data)
            gradients = jax.grad(loss)(rule.weights(state), batch)
            return rule.step(program, state, gradients, scalars), None

        def train_chunk(carry: Any) -> Any:
            chunk, _, state, curve = carry
            now = jax.tree.map(lambda leaf: leaf[chunk], (course.batches, inputs))
            state, _ = lax.scan(step, state, now)
            value = loss(rule.weights(state), probe)
            alive = jnp.isfinite(value) & (value <= limits[chunk])
            return chunk + 1, alive, state, curve.at[chunk].set(value)

        def measure(params: Any) -> tuple[jax.Array, dict[str, jax.Array]]:
            return loss(params, final), {} if metrics is None else metrics(params, final)

        def lose(params: Any) -> tuple[jax.Array, dict[str, jax.Array]]:
            return jax.tree.map(lambda leaf: jnp.full(leaf.shape, jnp.inf, leaf.dtype), jax.eval_shape(measure, params))

        def goes_on(carry: Any) -> jax.Array:
            return (carry[0] < chunks) & carry[1]

        state = rule.start(course.params)
        curve = jnp.full((chunks,), jnp.inf)
        trained, alive, state, curve = lax.while_loop(goes_on, train_chunk, (0, True, state, curve))
        value, measured = lax.cond(alive, measure, lose, rule.weights(state))
        return Outcome(value, curve, jnp.asarray(trained), measured)

    return train
