"""A function that makes an optax transformation -> a rival. Learning rate and weight decay are arguments of a step.

The transformation is made anew in each step, with the step's learning rate as a number: so that one compilation serves
all learning rates, schedules and weight decays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import jax
import jax.numpy as jnp
import optax

from lionsearch.rivals.rival import Costs, Oracle


class OptaxRival:
    """An optax transformation as a rival.

    It gets the extra arguments `value`, `grad`, `value_fn` and `obj_fn`, the loss of the batch at any weights.

    Args:
        make: called with those of `learning_rate` and `weight_decay` that it takes, as numbers of JAX.
        rates: the names of those.
    """

    def __init__(self, make: Callable[..., Any], rates: Collection[str]):
        self._make, self._rates = make, rates

    def init(self, weights: Any, count: int) -> Any:
        """Return optax's state."""
        del count
        return self.transform().init(weights)

    def step(self, oracle: Oracle, state: Any) -> tuple[Any, Any, Costs]:
        """Return the weights and optax's state after a step, and the losses that a line search has asked for."""
        transform = optax.with_extra_args_support(self.transform(oracle.lr, oracle.weight_decay))

        def loss_at(weights: Any, obj_fn: Any = None) -> jax.Array:
            del obj_fn  # it is an argument because a line search refuses those that its `value_fn` does not have
            return oracle.loss_at(weights)

        asked = {"value": oracle.loss, "grad": oracle.gradient, "value_fn": loss_at, "obj_fn": loss_at}
        updates, new = transform.update(oracle.gradient, state, oracle.weights, **asked)
        new = jax.tree.map(lambda now, before: jnp.asarray(now, jnp.asarray(before).dtype), new, state)
        return optax.apply_updates(oracle.weights, updates), new, _count(new)

    def measured(self, weights: Any, state: Any) -> Any:
        """Return the weights that are measured: of a schedule-free rule, the average."""
        found = _find(state, optax.contrib.ScheduleFreeState)
        return weights if found is None else optax.contrib.schedule_free_eval_params(found, weights)

    def transform(self, rate: Any = 1.0, decay: Any = 0.0) -> Any:
        """Return the transformation of a learning rate and a weight decay."""
        given = {"learning_rate": rate, "weight_decay": decay}
        return self._make(**{name: jnp.float32(given[name]) for name in self._rates})


def _count(state: Any) -> Costs:
    """Return the losses with a gradient that the step's line search, if there is one, has asked for."""
    zoom = _find(state, optax.ScaleByZoomLinesearchState)
    backtracking = _find(state, optax.ScaleByBacktrackingLinesearchState)
    if zoom is not None:
        return Costs(gradients=jnp.asarray(zoom.info.num_linesearch_steps, jnp.float32))
    if backtracking is not None:
        return Costs(losses=jnp.asarray(backtracking.info.num_linesearch_steps, jnp.float32))
    return Costs()


def _find(state: Any, kind: type) -> Any:
    """Return the part of a state that is of a kind; None if there is none."""
    parts = jax.tree.leaves(state, is_leaf=lambda part: isinstance(part, kind))
    return next((part for part in parts if isinstance(part, kind)), None)
