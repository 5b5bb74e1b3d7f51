"""A problem as training sees it: the same five functions, whatever the problem has.

A problem may have a trained loss of its own, and a model with a state of its own; see `problem.py`. Whatever trains or
measures asks an `Objective`, which passes on what the problem's functions take, and gives `()` where there is no state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from lionsearch.tasks.problem import Problem


class Objective:
    """What is trained on, and what is measured.

    Args:
        problem: as the task's factory made it.

    Examples:
        A problem without a state, and without a trained loss:

        >>> data = jnp.arange(3.0)
        >>> objective = Objective(Problem(lambda key: jnp.ones(()), lambda w, x: jnp.mean(w * x), data, data, data))
        >>> params, state = objective.init(jax.random.key(0))
        >>> loss, state = objective.trained(params, state, data, jax.random.key(1))
        >>> float(loss), state, float(objective.measured(params, state, data))
        (1.0, (), 1.0)
    """

    def __init__(self, problem: Problem):
        self._problem = problem

    @property
    def gives_samples(self) -> bool:
        """Whether there is a loss with labels drawn from the model."""
        return self._problem.sampled_loss is not None

    @property
    def is_random(self) -> bool:
        """Whether the trained loss takes a key; without one of its own, it is the measured loss."""
        return self._problem.train_loss is not None

    def init(self, key: jax.Array) -> tuple[Any, Any]:
        """Return the initial parameters and the model's initial state, `()` if it has none."""
        if not self._problem.stateful:
            return self._problem.init(key), ()
        params, state = self._problem.init(key)
        return params, state

    def shapes(self) -> tuple[Any, Any]:
        """Return what `init` does as `jax.ShapeDtypeStruct`s; nothing is computed."""
        return jax.eval_shape(self.init, jax.random.key(0))

    def trained(self, params: Any, state: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, Any]:
        """Return the loss that is trained on, a scalar, and the model's state after it has seen the batch.

        Args:
            params: a tree of float32 arrays.
            state: the model's, before the batch.
            batch: a tree like the training examples.
            key: of dropout and noise; not read unless `is_random`.
        """
        trained = self._problem.train_loss
        if trained is None:
            return self._problem.loss(params, batch), ()
        if not self._problem.stateful:
            return trained(params, batch, key), ()
        loss, state = trained(params, state, batch, key)
        return loss, state

    def measured(self, params: Any, state: Any, batch: Any) -> jax.Array:
        """Return the loss that is measured, a scalar."""
        return self._problem.loss(params, *self._given(state), batch)

    def metrics(self, params: Any, state: Any, batch: Any) -> dict[str, jax.Array]:
        """Return the problem's other measures by name, scalars, counts as floats too; none if it has none."""
        if self._problem.metrics is None:
            return {}
        found = self._problem.metrics(params, *self._given(state), batch)
        return {name: jnp.asarray(value, jnp.result_type(float)) for name, value in found.items()}

    def sampled(self, params: Any, state: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, Any]:
        """Return the loss with labels drawn from the model, and how many there are; only if `gives_samples`."""
        sampled = self._problem.sampled_loss
        assert sampled is not None, "a problem without `sampled_loss` was asked for it"
        return sampled(params, *self._given(state), batch, key)

    def describe(self) -> tuple[str, str]:
        """Return what XLA is given to make initial weights, or their recipe, and to measure the loss of validation."""
        problem, shapes = self._problem, self.shapes()
        arguments = (shapes[0], *self._given(shapes[1]), problem.validation)
        start = problem.recipe or jax.jit(problem.init).lower(jax.random.key(0)).as_text()
        return start, jax.jit(problem.loss).lower(*arguments).as_text()

    def _given(self, state: Any) -> tuple[Any, ...]:
        """Return what the problem's functions take between parameters and batch."""
        return (state,) if self._problem.stateful else ()


def full_gradient(slope: Callable[[Any], Any], params: Any, data: Any, size: int) -> Any:
    """Return the gradient of the mean loss over all examples, batch by batch.

    Args:
        slope: `slope(batch) -> gradient` of the batch's mean loss, a tree like the parameters.
        params: for their shapes.
        data: the examples, along the first axis of each leaf.
        size: of a batch.
    """
    examples = len(jax.tree.leaves(data)[0])
    whole = examples // size
    batches = jax.tree.map(lambda x: x[: whole * size].reshape(whole, size, *x.shape[1:]), data)

    def add(total: Any, batch: Any) -> tuple[Any, None]:
        gradients = slope(batch)
        return jax.tree.map(lambda t, g: t + size / examples * g, total, gradients), None

    total, _ = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, params), batches)
    left = examples - whole * size
    if left:
        rest = slope(jax.tree.map(lambda x: x[whole * size :], data))
        total = jax.tree.map(lambda t, g: t + left / examples * g, total, rest)
    return total
