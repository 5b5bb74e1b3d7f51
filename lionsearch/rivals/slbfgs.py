"""Stochastic L-BFGS with variance reduction (Moritz, Nishihara & Jordan 2016, arXiv 1508.02087, algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree

from lionsearch.rivals.rival import Costs, Oracle

_POSITIVE = 1e-6
"""A pair is kept if s'y is above this times |s| |y|."""


class SlbfgsState(NamedTuple):
    """What is kept from step to step; all weights as one vector.

    Attributes:
        anchor: where the full gradient is of.
        full: the gradient of all training examples there.
        total: sum of the iterates since the last average.
        mean: the last average; 0 before the first.
        differences: (memory, size), s, of successive averages, the latest last; 0 where there is none yet.
        products: (memory, size), y, the Hessian times s.
        geometric: sum of the iterates since the anchor, each as much as `averaging` to the power of its age.
    """

    anchor: jax.Array
    full: jax.Array
    total: jax.Array
    mean: jax.Array
    differences: jax.Array
    products: jax.Array
    geometric: jax.Array


@dataclass(frozen=True)
class StochasticLbfgs:
    """w <- w - lr H (g - g_anchor + g_full), H the L-BFGS estimate of the inverse Hessian.

    Each `anchor_every` steps the weights become the anchor, and the gradient of all training examples is computed.
    Each `pair_every` steps the mean u of the last iterates gives a pair s = u - u_before, y = (Hessian at u) s, on
    examples drawn for it without replacement. Until there is a pair, H is the identity.

    Against algorithm 1: the anchor is the last iterate rather than a random one; averages go on across anchors; a pair
    without positive curvature, which a loss that is not convex can give, is left out.

    Args:
        anchor_every: m, steps between full gradients.
        pair_every: L, steps between pairs.
        memory: M, how many pairs are kept.
        curvature_batches: batches that a pair is computed on, b_H / b; no more than there are examples.
        averaging: None, or the ratio of the geometric average of the iterates since the last anchor that the weights
            become at the end of `anchor_every` steps; 1 for their mean.

    References:
        Moritz, Nishihara & Jordan 2016, arXiv 1508.02087, algorithm 1.
        Zhao, Haskell & Tan 2017, arXiv 1704.00116, for `averaging`.
    """

    anchor_every: int = 50
    pair_every: int = 10
    memory: int = 10
    curvature_batches: int = 10
    averaging: float | None = None

    def init(self, weights: Any, count: int) -> SlbfgsState:
        """Return the state before the first step."""
        del count
        zero = jnp.zeros_like(ravel_pytree(weights)[0])
        none = jnp.zeros((self.memory, zero.size), zero.dtype)
        return SlbfgsState(zero, zero, zero, zero, none, none, zero[:0] if self.averaging is None else zero)

    def step(self, oracle: Oracle, state: SlbfgsState) -> tuple[Any, SlbfgsState, Costs]:
        """Return the weights and the state after a step, and what it asked for: gradients and products."""
        weights, unravel = ravel_pytree(oracle.weights)
        is_anchor = oracle.step % self.anchor_every == 0

        def anew() -> tuple[jax.Array, jax.Array]:
            return weights, ravel_pytree(oracle.full_gradient(oracle.weights))[0]

        anchor, full = lax.cond(is_anchor, anew, lambda: (state.anchor, state.full))
        gradient, of_anchor = (ravel_pytree(g)[0] for g in (oracle.gradient, oracle.gradient_at(unravel(anchor))))
        direction = precondition(gradient - of_anchor + full, state.differences, state.products)
        state = state._replace(anchor=anchor, full=full, total=state.total + weights)
        state, products = self._learn(oracle, state, unravel)
        weights, state = self._average(oracle, weights - oracle.lr * direction, state)
        gradients = 1 + jnp.where(is_anchor, oracle.count / oracle.size, 0.0)
        return unravel(weights), state, Costs(gradients=gradients, products=products)

    def _learn(self, oracle: Oracle, state: SlbfgsState, unravel: Any) -> tuple[SlbfgsState, jax.Array]:
        """Return the state with a new pair, if it is time for one, and the products that it cost."""
        every, examples = self.pair_every, min(self.curvature_batches * oracle.size, oracle.count)
        averages = (oracle.step + 1) // every

        def average() -> SlbfgsState:
            return state._replace(mean=state.total / every, total=jnp.zeros_like(state.total))

        def pair() -> SlbfgsState:
            ahead = average()
            chosen = jax.random.choice(oracle.key, oracle.count, (examples,), replace=False)
            batch = jax.tree.map(lambda leaf: leaf[chosen], oracle.data)
            s = ahead.mean - state.mean
            y = ravel_pytree(oracle.product(unravel(ahead.mean), unravel(s), batch))[0]
            is_kept = jnp.vdot(s, y) > _POSITIVE * jnp.linalg.norm(s) * jnp.linalg.norm(y)

            def push(pairs: jax.Array, new: jax.Array) -> jax.Array:
                return jnp.where(is_kept, jnp.concatenate([pairs[1:], new[None]]), pairs)

            return ahead._replace(differences=push(state.differences, s), products=push(state.products, y))

        is_time = (oracle.step + 1) % every == 0
        which = jnp.where(is_time, jnp.minimum(averages, 2), 0)
        cost = jnp.where(which == 2, examples / oracle.size, 0.0)
        return lax.switch(which, [lambda: state, average, pair]), cost

    def _average(self, oracle: Oracle, weights: jax.Array, state: SlbfgsState) -> tuple[jax.Array, SlbfgsState]:
        """Return the weights, or before an anchor the geometric average of those since the last, and the state."""
        ratio, every = self.averaging, self.anchor_every
        if ratio is None:
            return weights, state
        total = weights + ratio * state.geometric
        is_end = (oracle.step + 1) % every == 0
        norm = sum(ratio**age for age in range(every))
        weights = jnp.where(is_end, total / norm, weights)
        return weights, state._replace(geometric=jnp.where(is_end, 0.0, total))


def precondition(vector: jax.Array, differences: jax.Array, products: jax.Array) -> jax.Array:
    """Return the L-BFGS estimate of the inverse Hessian times a vector (Nocedal & Wright 2006, algorithm 7.4).

    Args:
        vector: (size,).
        differences: (memory, size), s, the latest last.
        products: (memory, size), y, the Hessian times s; rows of 0 are no pairs.

    Examples:
        With one pair, y is mapped to s:

        >>> s, y = jnp.array([[0.0, 0.0], [1.0, 2.0]]), jnp.array([[0.0, 0.0], [4.0, 1.0]])
        >>> precondition(y[1], s, y)
        Array([1., 2.], dtype=float32)
    """
    inner = jnp.sum(differences * products, axis=1)
    inverse = jnp.where(inner > 0, 1 / jnp.where(inner > 0, inner, 1.0), 0.0)

    def descend(q: jax.Array, pair: Any) -> tuple[jax.Array, jax.Array]:
        s, y, rho = pair
        alpha = rho * jnp.vdot(s, q)
        return q - alpha * y, alpha

    def ascend(r: jax.Array, pair: Any) -> tuple[jax.Array, None]:
        s, y, rho, alpha = pair
        return r + (alpha - rho * jnp.vdot(y, r)) * s, None

    q, alphas = lax.scan(descend, vector, (differences, products, inverse), reverse=True)
    square = jnp.vdot(products[-1], products[-1])
    scale = jnp.where(inner[-1] > 0, inner[-1] / jnp.where(square > 0, square, 1.0), 1.0)
    return lax.scan(ascend, scale * q, (differences, products, inverse, alphas))[0]


def slbfgs(
    anchor_every: int = 50, pair_every: int = 10, memory: int = 10, curvature_batches: int = 10
) -> StochasticLbfgs:
    """Return stochastic L-BFGS as Moritz, Nishihara & Jordan have it; see `StochasticLbfgs`."""
    return StochasticLbfgs(anchor_every, pair_every, memory, curvature_batches)


def slbfgs_zhao(
    anchor_every: int = 50,
    pair_every: int = 10,
    memory: int = 10,
    curvature_batches: int = 10,
    averaging: float = 0.9,
) -> StochasticLbfgs:
    """Return stochastic L-BFGS with the geometric averaging of Zhao, Haskell & Tan; see `StochasticLbfgs`.

    It is `slbfgs` in everything else: of their other strategies, sampling by each example's smoothness is left out,
    since the batches of training are drawn uniformly for all optimizers.
    """
    return StochasticLbfgs(anchor_every, pair_every, memory, curvature_batches, averaging)
