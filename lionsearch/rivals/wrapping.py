"""SAM, clipping and schedules around any rival: they change what its oracle answers.

The names and settings are those of the transforms of programs, `lionsearch/compose/transforms.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import optax

from lionsearch.compose import TRANSFORMS
from lionsearch.rivals.rival import Costs, Oracle, uses_gradient
from lionsearch.tasks.problem import Problem

Settings = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A rival with another oracle.

    Attributes:
        rival: any.
        change: gives the oracle that it asks.
        gradients: what each gradient that it asks for costs more.
    """

    rival: Any
    change: Callable[[Oracle], Oracle]
    gradients: float = 0.0

    @property
    def uses_gradient(self) -> bool:
        """Whether the rival takes the gradient of its batch."""
        return uses_gradient(self.rival)

    def init(self, weights: Any, count: int) -> Any:
        """Return the rival's state."""
        return self.rival.init(weights, count)

    def check(self, problem: Problem) -> None:
        """Raise what the rival raises of a task that it cannot be used on."""
        if check := getattr(self.rival, "check", None):
            check(problem)

    def step(self, oracle: Oracle, state: Any) -> tuple[Any, Any, Costs]:
        """Return the rival's step, and what it cost with what its oracle has asked for."""
        weights, state, costs = self.rival.step(self.change(oracle), state)
        more = self.gradients * (self.uses_gradient + costs.gradients + costs.losses + costs.products)
        return weights, state, costs.plus(Costs(gradients=more))

    def measured(self, weights: Any, state: Any) -> Any:
        """Return the weights that are measured, as the rival has it."""
        found = getattr(self.rival, "measured", None)
        return weights if found is None else found(weights, state)


def wrap(rival: Any, name: str, settings: Settings) -> Wrapped:
    """Return a rival with a transform around it, one of `WRAPPERS`."""
    given = {**DEFAULTS[name], **settings}
    return Wrapped(rival, WRAPPERS[name](given), 1.0 if name == "sam" else 0.0)


def _sam(settings: Settings) -> Callable[[Oracle], Oracle]:
    """Return what measures the loss a distance ahead, up the gradient (Foret et al. 2021, equation 2)."""

    def change(oracle: Oracle) -> Oracle:
        def ahead(weights: Any, batch: Any) -> jax.Array:
            gradient = jax.grad(oracle.measure)(weights, batch)
            norm = optax.tree.norm(gradient)
            scale = jnp.where(norm > 0, settings["rho"] / jnp.where(norm > 0, norm, 1.0), 0.0)
            away = jax.lax.stop_gradient(jax.tree.map(lambda g: scale * g, gradient))
            return oracle.measure(jax.tree.map(jnp.add, weights, away), batch)

        loss, gradient = jax.value_and_grad(ahead)(oracle.weights, oracle.batch)
        return replace(oracle, measure=ahead, loss=loss, gradient=oracle.shape(gradient))

    return change


def _clip(make: Callable[[float], optax.GradientTransformation]) -> Callable[[Settings], Callable[[Oracle], Oracle]]:
    """Return what clips every gradient that is asked for, each example's where those are."""

    def clip(settings: Settings) -> Callable[[Oracle], Oracle]:
        transform = make(settings["limit"])

        def shape(gradient: Any) -> Any:
            return transform.update(gradient, transform.init(gradient))[0]

        def change(oracle: Oracle) -> Oracle:
            before = oracle.shape
            return replace(oracle, shape=lambda g: shape(before(g)), gradient=shape(oracle.gradient))

        return change

    return clip


def _schedule(make: Callable[[Settings], optax.Schedule]) -> Callable[[Settings], Callable[[Oracle], Oracle]]:
    """Return what multiplies the learning rate."""

    def schedule(settings: Settings) -> Callable[[Oracle], Oracle]:
        factor = make(settings)
        return lambda oracle: replace(oracle, lr=oracle.lr * factor(oracle.step))

    return schedule


WRAPPERS: dict[str, Callable[[Settings], Callable[[Oracle], Oracle]]] = {
    "sam": _sam,
    "clip_norm": _clip(optax.clip_by_global_norm),
    "clip_value": _clip(optax.clip),
    "clip_tensor_rms": _clip(optax.clip_by_block_rms),
    "warmup": _schedule(lambda s: optax.linear_schedule(0.0, 1.0, int(s["steps"]))),
    "cosine": _schedule(lambda s: optax.cosine_decay_schedule(1.0, int(s["total"]))),
    "exponential": _schedule(lambda s: optax.exponential_decay(1.0, int(s["steps"]), s["rate"])),
}
DEFAULTS = {name: TRANSFORMS[name].settings for name in WRAPPERS}
"""Their settings, as the transforms of programs have them."""
