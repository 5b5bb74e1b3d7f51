"""The inputs of a program that training computes: the gradient always, everything else only when asked for.

- `loss`: of the batch.
- `h`: z * (H z), z uniform on {-1, 1}, H the Hessian of the batch's loss (Hutchinson; Yao et al. 2021,
  arXiv 2006.00719, section 3.1). New every `hessian_every` steps, the old estimate in between.
- `h_gnb`: n g^2, g the gradient with labels drawn from the model, n predictions in the batch (Gauss-Newton-Bartlett;
  Liu et al. 2024, arXiv 2305.14342, algorithm 2). As often as `h`.
- `g_ahead`: the gradient at w + rho g / ||g|| (Foret et al. 2021, arXiv 2010.01412, equation 2).
- `g_anchor`, `g_full`: the batch's and the whole training set's gradient at the anchor, which is the weights at
  every `anchor_every`-th step (Johnson & Zhang 2013).

A row of `_SOURCES` says how one is computed; together with its row in `lionsearch.lang.inputs` that is all there is to
an input.

All are of the loss that is trained on. In one step they see the same dropout and noise, and the model's state before
the step; the state after it is the one that the gradient of the batch at the weights gives.

Invariant: a program sees training examples and its own weights, and nothing that is computed from other splits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from lionsearch.errors import TaskError
from lionsearch.tasks.objective import Objective, full_gradient
from lionsearch.tasks.problem import Problem

Settings = Mapping[str, Any]

_NOISE = 2_000_000_033
"""Sets the random numbers of the trained loss apart from those of the inputs; no step has this number."""


class Carried(NamedTuple):
    """What training carries from step to step beside the rule's own state.

    Attributes:
        model: the model's state.
        kept: inputs that are not computed anew in each step, by name.
    """

    model: Any
    kept: dict[str, Any]


class Moment(NamedTuple):
    """What an input may be computed from in one step.

    Attributes:
        params: the weights.
        batch: the step's examples.
        loss: of the batch.
        gradients: of the batch's loss.
        data: all training examples.
        key: of this step's random numbers.
        step: from 0.
        settings: the program's hyperparameters that say how inputs are computed.
        kept: what is carried from step to step, by name.
        model: the model's state before the step.
        noise: the key that the trained loss gets in this step.
    """

    params: Any
    batch: Any
    loss: jax.Array
    gradients: Any
    data: Any
    key: jax.Array
    step: jax.Array
    settings: Settings
    kept: dict[str, Any]
    model: Any
    noise: jax.Array


@dataclass(frozen=True, slots=True)
class _Source:
    """How an input is computed.

    Attributes:
        compute: from the objective and the moment.
        every: the setting that says after how many steps it is computed anew, where it is kept in between; at the
            start it is what `start` gives of the weights.
        start: of what is kept.
        needs: what else has to be kept for it.
    """

    compute: Callable[[Objective, Moment], Any]
    every: str | None = None
    start: Callable[[Any], Any] = lambda params: jax.tree.map(jnp.zeros_like, params)
    needs: tuple[str, ...] = ()


def _gradient(objective: Objective, now: Moment, params: Any, batch: Any) -> Any:
    """Return the gradient of the trained loss as it is in this step, at any weights and on any examples."""
    return jax.grad(lambda at: objective.trained(at, now.model, batch, now.noise)[0])(params)


def _hutchinson(objective: Objective, now: Moment) -> Any:
    leaves, treedef = jax.tree.flatten(now.params)
    keys = jax.random.split(now.key, len(leaves))
    signs = [jax.random.rademacher(k, x.shape, x.dtype) for k, x in zip(keys, leaves, strict=True)]
    probe = jax.tree.unflatten(treedef, signs)
    _, product = jax.jvp(lambda params: _gradient(objective, now, params, now.batch), (now.params,), (probe,))
    return jax.tree.map(jnp.multiply, probe, product)


def _gauss_newton(objective: Objective, now: Moment) -> Any:
    slope = jax.grad(objective.sampled, has_aux=True)
    gradients, predictions = slope(now.params, now.model, now.batch, now.key)
    return jax.tree.map(lambda g: predictions * g * g, gradients)


def _gradient_ahead(objective: Objective, now: Moment) -> Any:
    norm = jnp.sqrt(sum(jnp.vdot(g, g) for g in jax.tree.leaves(now.gradients)))
    scale = jnp.where(norm > 0, now.settings["rho"] / jnp.where(norm > 0, norm, 1.0), 0.0)
    ahead = jax.tree.map(lambda w, g: w + scale * g, now.params, now.gradients)
    return _gradient(objective, now, ahead, now.batch)


def _full_gradient(objective: Objective, now: Moment) -> Any:
    """Return the gradient of the mean loss over all training examples."""
    size = len(jax.tree.leaves(now.batch)[0])
    return full_gradient(lambda batch: _gradient(objective, now, now.params, batch), now.params, now.data, size)


_SOURCES: dict[str, _Source] = {
    "loss": _Source(lambda objective, now: now.loss),
    "h": _Source(_hutchinson, every="hessian_every"),
    "h_gnb": _Source(_gauss_newton, every="hessian_every"),
    "g_ahead": _Source(_gradient_ahead),
    "anchor": _Source(lambda objective, now: now.params, every="anchor_every", start=lambda params: params),
    "g_anchor": _Source(
        lambda objective, now: _gradient(objective, now, now.kept["anchor"], now.batch), needs=("anchor",)
    ),
    "g_full": _Source(_full_gradient, every="anchor_every"),
}
"""Every input that only training can give; `anchor` is one that others need."""


class TrainingInputs:
    """Computes the inputs of these names.

    Args:
        names: optional inputs, those that are known before training left out.
        problem: the task's model and loss.

    Raises:
        TaskError: if the task cannot give one of them.
    """

    def __init__(self, names: tuple[str, ...], problem: Problem):
        self.names, self._objective = names, Objective(problem)
        wanted = {each for name in names for each in (*_SOURCES[name].needs, name)}
        self._kept = tuple(name for name in _SOURCES if name in wanted and _SOURCES[name].every is not None)
        if "h_gnb" in names and not self._objective.gives_samples:
            raise TaskError("the program asks for 'h_gnb', which a task gives only if its Problem has a `sampled_loss`")

    def start(self, params: Any, model: Any = ()) -> Carried:
        """Return what is carried from step to step.

        Args:
            params: the initial weights.
            model: the model's initial state, `()` if it has none.
        """
        return Carried(model, {name: _SOURCES[name].start(params) for name in self._kept})

    def compute(
        self, carried: Carried, params: Any, batch: Any, data: Any, key: jax.Array, step: jax.Array, settings: Settings
    ) -> tuple[Any, dict[str, Any], Carried]:
        """Return the gradients, the inputs by name, and what is carried on."""
        objective, noise = self._objective, noise_key(self._objective, key, step)
        given = (params, carried.model, batch, noise)
        if not self.names:
            gradients, model = jax.grad(objective.trained, has_aux=True)(*given)
            return gradients, {}, carried._replace(model=model)
        (loss, model), gradients = jax.value_and_grad(objective.trained, has_aux=True)(*given)
        kept = dict(carried.kept)
        of_step = jax.random.fold_in(key, step)
        now = Moment(params, batch, loss, gradients, data, of_step, step, settings, kept, carried.model, noise)
        for name in self._kept:
            kept[name] = self._renewed(name, now)
        found = {name: kept[name] if name in kept else _SOURCES[name].compute(objective, now) for name in self.names}
        return gradients, found, Carried(model, kept)

    def _renewed(self, name: str, now: Moment) -> Any:
        source = _SOURCES[name]
        assert source.every is not None
        period = jnp.maximum(jnp.asarray(now.settings[source.every], jnp.int32), 1)
        return lax.cond(now.step % period == 0, lambda: source.compute(self._objective, now), lambda: now.kept[name])


def noise_key(objective: Objective, key: jax.Array, step: jax.Array) -> jax.Array:
    """Return the key of a step's dropout and noise: the same whatever else is computed."""
    return jax.random.fold_in(jax.random.fold_in(key, _NOISE), step) if objective.is_random else key
