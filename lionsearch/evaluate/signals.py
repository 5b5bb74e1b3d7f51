"""The inputs of a program that training computes: the gradient always, everything else only when asked for.

- `loss`: of the batch.
- `h`: z * (H z), z uniform on {-1, 1}, H the Hessian of the batch's loss (Hutchinson; Yao et al. 2021,
  arXiv 2006.00719, section 3.1). New every `hessian_every` steps, the old estimate in between.
- `h_gnb`: n g^2, g the gradient with labels drawn from the model, n predictions in the batch (Gauss-Newton-Bartlett;
  Liu et al. 2024, arXiv 2305.14342, algorithm 2). As often as `h`.
- `g_ahead`: the gradient at w + rho g / ||g|| (Foret et al. 2021, arXiv 2010.01412, equation 2).
- `g_anchor`, `g_full`: the batch's and the whole training set's gradient at the anchor, which is the weights at
  every `anchor_every`-th step (Johnson & Zhang 2013).

Invariant: a program sees training examples and its own weights, and nothing that is computed from other splits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from lionsearch.errors import TaskError
from lionsearch.tasks.problem import Problem

State = dict[str, Any]
Settings = Mapping[str, Any]


class Moment(NamedTuple):
    """What a signal may look at in one step.

    Attributes:
        params: the weights.
        batch: the step's examples.
        gradients: of the batch's loss.
        data: all training examples.
        key: of this step's random numbers.
        step: from 0.
        settings: the program's hyperparameters that say how inputs are computed.
    """

    params: Any
    batch: Any
    gradients: Any
    data: Any
    key: jax.Array
    step: jax.Array
    settings: Settings


class Signals:
    """Computes the inputs of these names.

    Args:
        names: optional inputs, those that are known before training left out.
        problem: the task's model and loss.

    Raises:
        TaskError: if the task cannot give one of them.
    """

    def __init__(self, names: tuple[str, ...], problem: Problem):
        self.names, self._problem = names, problem
        if "h_gnb" in names and problem.sampled_loss is None:
            raise TaskError("the program asks for 'h_gnb', which a task gives only if its Problem has a `sampled_loss`")

    def start(self, params: Any) -> State:
        """Return what is carried from step to step."""
        zeros = jax.tree.map(jnp.zeros_like, params)
        state: State = {name: zeros for name in self.names if name in ("h", "h_gnb")}
        if self._anchored:
            state.update(anchor=params, g_full=zeros)
        return state

    def compute(
        self, state: State, params: Any, batch: Any, data: Any, key: jax.Array, step: jax.Array, settings: Settings
    ) -> tuple[Any, dict[str, Any], State]:
        """Return the gradients, the inputs by name, and what is carried on."""
        if not self.names:
            return jax.grad(self._problem.loss)(params, batch), {}, state
        loss, gradients = jax.value_and_grad(self._problem.loss)(params, batch)
        now = Moment(params, batch, gradients, data, jax.random.fold_in(key, step), step, settings)
        state = dict(state)
        for name, estimate in (("h", self._hutchinson), ("h_gnb", self._gauss_newton)):
            if name in state:
                state[name] = self._renew(now, "hessian_every", estimate, state[name])
        if self._anchored:
            anchor = (state["anchor"], state["g_full"])
            state["anchor"], state["g_full"] = self._renew(now, "anchor_every", self._anchor, anchor)
        extra: dict[str, Any] = {name: state[name] for name in self.names if name in state}
        if "loss" in self.names:
            extra["loss"] = loss
        if "g_ahead" in self.names:
            extra["g_ahead"] = self._ahead(now)
        if "g_anchor" in self.names:
            extra["g_anchor"] = jax.grad(self._problem.loss)(state["anchor"], batch)
        return gradients, extra, state

    @property
    def _anchored(self) -> bool:
        return "g_anchor" in self.names or "g_full" in self.names

    def _renew(self, now: Moment, every: str, compute: Callable[[Moment], Any], old: Any) -> Any:
        period = jnp.maximum(jnp.asarray(now.settings[every], jnp.int32), 1)
        return lax.cond(now.step % period == 0, lambda: compute(now), lambda: old)

    def _hutchinson(self, now: Moment) -> Any:
        leaves, treedef = jax.tree.flatten(now.params)
        keys = jax.random.split(now.key, len(leaves))
        signs = [jax.random.rademacher(k, x.shape, x.dtype) for k, x in zip(keys, leaves, strict=True)]
        probe = jax.tree.unflatten(treedef, signs)
        slope = jax.grad(lambda params: self._problem.loss(params, now.batch))
        _, product = jax.jvp(slope, (now.params,), (probe,))
        return jax.tree.map(jnp.multiply, probe, product)

    def _gauss_newton(self, now: Moment) -> Any:
        assert self._problem.sampled_loss is not None
        slope = jax.grad(self._problem.sampled_loss, has_aux=True)
        gradients, predictions = slope(now.params, now.batch, now.key)
        return jax.tree.map(lambda g: predictions * g * g, gradients)

    def _ahead(self, now: Moment) -> Any:
        norm = jnp.sqrt(sum(jnp.vdot(g, g) for g in jax.tree.leaves(now.gradients)))
        scale = jnp.where(norm > 0, now.settings["rho"] / jnp.where(norm > 0, norm, 1.0), 0.0)
        ahead = jax.tree.map(lambda w, g: w + scale * g, now.params, now.gradients)
        return jax.grad(self._problem.loss)(ahead, now.batch)

    def _anchor(self, now: Moment) -> Any:
        """Return the weights and the gradient of the mean loss over all training examples, batch by batch."""
        size, examples = (len(jax.tree.leaves(tree)[0]) for tree in (now.batch, now.data))
        whole, slope = examples // size, jax.grad(self._problem.loss)
        batches = jax.tree.map(lambda x: x[: whole * size].reshape(whole, size, *x.shape[1:]), now.data)

        def add(total: Any, batch: Any) -> tuple[Any, None]:
            return jax.tree.map(lambda t, g: t + size / examples * g, total, slope(now.params, batch)), None

        total, _ = lax.scan(add, jax.tree.map(jnp.zeros_like, now.params), batches)
        left = examples - whole * size
        if left:
            rest = slope(now.params, jax.tree.map(lambda x: x[whole * size :], now.data))
            total = jax.tree.map(lambda t, g: t + left / examples * g, total, rest)
        return now.params, total
