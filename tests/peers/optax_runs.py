"""optax transformations -> the `run` of a peer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .peer import Peer, Run
from .trajectory import Leaves, Problem

Schedule = Callable[[Any], Any]
Make = Callable[[Schedule, SimpleNamespace], optax.GradientTransformation]
"""`make(schedule, hyperparameters)`: the schedule is a function of optax's count, which is 0 at the first step."""
Extra = Callable[[Problem, int, Leaves], Mapping[str, Any]]


def optax_run(make: Make, *, jit: bool = True, extra: Extra | None = None) -> Run:
    """Return a peer's `run` for an optax transformation, in float64.

    Args:
        make: returns the transformation.
        jit: compile the update, once for all hyperparameters; False for those that call back into NumPy.
        extra: keyword arguments of the update for a problem, a step and weights.
    """

    def build(table: Any, hyperparameters: Mapping[str, Any]) -> Any:
        transform = make(lambda count: table[count], SimpleNamespace(**hyperparameters))
        return optax.with_extra_args_support(transform)

    def update(table: Any, hyperparameters: Any, gradient: Any, state: Any, params: Any, keywords: Any) -> Any:
        updates, state = build(table, hyperparameters).update(gradient, state, params, **keywords)
        return optax.apply_updates(params, updates), state

    compiled = jax.jit(update) if jit else update

    def run(problem: Problem, hyperparameters: Mapping[str, float], rates: Sequence[float]) -> list[Leaves]:
        history = []
        with jax.enable_x64(True):
            table = jnp.asarray(np.asarray(rates, np.float64))
            params = tuple(map(jnp.asarray, problem.weights))
            state = build(table, hyperparameters).init(params)
            weights = problem.weights
            for step in range(1, len(rates) + 1):
                gradient = tuple(map(jnp.asarray, problem.gradient(step, weights)))
                keywords = {} if extra is None else extra(problem, step, weights)
                params, state = compiled(table, dict(hyperparameters), gradient, state, params, keywords)
                weights = tuple(map(np.asarray, params))
                history.append(weights)
        return history

    return run


def decayed(transform: optax.GradientTransformation, lr: Schedule, weight_decay: float) -> Any:
    """Return the transformation with decoupled weight decay, times minus the learning rate."""
    return optax.chain(transform, optax.add_decayed_weights(weight_decay), optax.scale_by_learning_rate(lr))


def scaled_row(
    program: str, by: str, make: Callable[[SimpleNamespace], Any], changed: dict[str, float], **facts: Any
) -> Peer:
    """Return the row of a rule: the transformation, then decoupled weight decay, then the learning rate."""
    run = optax_run(lambda lr, h: decayed(make(h), lr, getattr(h, "weight_decay", 0.0)))
    return Peer(program, f"optax.{by}", run, changed, **facts)


def whole_row(
    program: str, by: str, make: Make, changed: dict[str, float], *, jit: bool = True, extra: Any = None, **facts: Any
) -> Peer:
    """Return the row of a transformation that takes the schedule itself."""
    return Peer(program, f"optax.{by}", optax_run(make, jit=jit, extra=extra), changed, **facts)


def negative(transform: optax.GradientTransformation) -> Any:
    """Return the transformation with its sign undone, for those that end in the learning rate."""
    return optax.chain(transform, optax.scale(-1.0))
