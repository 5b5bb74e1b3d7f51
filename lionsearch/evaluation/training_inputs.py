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
from lionsearch.tasks.problem import Problem

State = dict[str, Any]
Settings = Mapping[str, Any]


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
    """

    params: Any
    batch: Any
    loss: jax.Array
    gradients: Any
    data: Any
    key: jax.Array
    step: jax.Array
    settings: Settings
    kept: State


@dataclass(frozen=True, slots=True)
class _Source:
    """How an input is computed.

    Attributes:
        compute: from the problem and the moment.
        every: the setting that says after how many steps it is computed anew, where it is kept in between; at the
            start it is what `start` gives of the weights.
        start: of what is kept.
        needs: what else has to be kept for it.
    """

    compute: Callable[[Problem, Moment], Any]
    every: str | None = None
    start: Callable[[Any], Any] = lambda params: jax.tree.map(jnp.zeros_like, params)
    needs: tuple[str, ...] = ()


def _hutchinson(problem: Problem, now: Moment) -> Any:
    leaves, treedef = jax.tree.flatten(now.params)
    keys = jax.random.split(now.key, len(leaves))
    signs = [jax.random.rademacher(k, x.shape, x.dtype) for k, x in zip(keys, leaves, strict=True)]
    probe = jax.tree.unflatten(treedef, signs)
    slope = jax.grad(lambda params: problem.loss(params, now.batch))
    _, product = jax.jvp(slope, (now.params,), (probe,))
    return jax.tree.map(jnp.multiply, probe, product)


def _gauss_newton(problem: Problem, now: Moment) -> Any:
    assert problem.sampled_loss is not None
    slope = jax.grad(problem.sampled_loss, has_aux=True)
    gradients, predictions = slope(now.params, now.batch, now.key)
    return jax.tree.map(lambda g: predictions * g * g, gradients)


def _gradient_ahead(problem: Problem, now: Moment) -> Any:
    norm = jnp.sqrt(sum(jnp.vdot(g, g) for g in jax.tree.leaves(now.gradients)))
    scale = jnp.where(norm > 0, now.settings["rho"] / jnp.where(norm > 0, norm, 1.0), 0.0)
    ahead = jax.tree.map(lambda w, g: w + scale * g, now.params, now.gradients)
    return jax.grad(problem.loss)(ahead, now.batch)


def _full_gradient(problem: Problem, now: Moment) -> Any:
    """Return the gradient of the mean loss over all training examples, batch by batch."""
    size, examples = (len(jax.tree.leaves(tree)[0]) for tree in (now.batch, now.data))
    whole, slope = examples // size, jax.grad(problem.loss)
    batches = jax.tree.map(lambda x: x[: whole * size].reshape(whole, size, *x.shape[1:]), now.data)

    def add(total: Any, batch: Any) -> tuple[Any, None]:
        return jax.tree.map(lambda t, g: t + size / examples * g, total, slope(now.params, batch)), None

    total, _ = lax.scan(add, jax.tree.map(jnp.zeros_like, now.params), batches)
    left = examples - whole * size
    if left:
        rest = slope(now.params, jax.tree.map(lambda x: x[whole * size :], now.data))
        total = jax.tree.map(lambda t, g: t + left / examples * g, total, rest)
    return total


_SOURCES: dict[str, _Source] = {
    "loss": _Source(lambda problem, now: now.loss),
    "h": _Source(_hutchinson, every="hessian_every"),
    "h_gnb": _Source(_gauss_newton, every="hessian_every"),
    "g_ahead": _Source(_gradient_ahead),
    "anchor": _Source(lambda problem, now: now.params, every="anchor_every", start=lambda params: params),
    "g_anchor": _Source(lambda problem, now: jax.grad(problem.loss)(now.kept["anchor"], now.batch), needs=("anchor",)),
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
        self.names, self._problem = names, problem
        wanted = {each for name in names for each in (*_SOURCES[name].needs, name)}
        self._kept = tuple(name for name in _SOURCES if name in wanted and _SOURCES[name].every is not None)
        if "h_gnb" in names and problem.sampled_loss is None:
            raise TaskError("the program asks for 'h_gnb', which a task gives only if its Problem has a `sampled_loss`")

    def start(self, params: Any) -> State:
        """Return what is carried from step to step."""
        return {name: _SOURCES[name].start(params) for name in self._kept}

    def compute(
        self, state: State, params: Any, batch: Any, data: Any, key: jax.Array, step: jax.Array, settings: Settings
    ) -> tuple[Any, dict[str, Any], State]:
        """Return the gradients, the inputs by name, and what is carried on."""
        if not self.names:
            return jax.grad(self._problem.loss)(params, batch), {}, state
        loss, gradients = jax.value_and_grad(self._problem.loss)(params, batch)
        kept = dict(state)
        now = Moment(params, batch, loss, gradients, data, jax.random.fold_in(key, step), step, settings, kept)
        for name in self._kept:
            kept[name] = self._renewed(name, now)
        found = {
            name: kept[name] if name in kept else _SOURCES[name].compute(self._problem, now) for name in self.names
        }
        return gradients, found, kept

    def _renewed(self, name: str, now: Moment) -> Any:
        source = _SOURCES[name]
        assert source.every is not None
        period = jnp.maximum(jnp.asarray(now.settings[source.every], jnp.int32), 1)
        return lax.cond(now.step % period == 0, lambda: source.compute(self._problem, now), lambda: now.kept[name])
