"""Newton's method with conjugate gradients, on the batch of each step (Nocedal & Wright 2006, algorithm 7.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree

from lionsearch.rivals.rival import Costs, Oracle, Stateless

_DECREASE = 1e-4
"""Armijo's constant."""


class _Solution(NamedTuple):
    """Conjugate gradients on B p = -g after some iterations.

    Attributes:
        solution: p.
        residual: B p + g.
        direction: of the next iteration.
        products: that were asked for.
        ended: whether the residual is small, or a direction without positive curvature was met.
    """

    solution: jax.Array
    residual: jax.Array
    direction: jax.Array
    products: jax.Array
    ended: jax.Array


@dataclass(frozen=True)
class Newton(Stateless):
    """Newton-CG: the step p solves (H + damping I) p = -g, H and g those of the batch, with Armijo's line search.

    Conjugate gradients end at |residual| <= min(tolerance, sqrt(|g|)) |g|. At a direction of no positive curvature they
    end with what they have, in the first iteration with -g. The line search halves a step that begins at the learning
    rate; if no step lowers the batch's loss enough, the weights stay.

    Args:
        damping: added to the Hessian's diagonal (Levenberg).
        iterations: of conjugate gradients, at most; each asks for one product.
        tolerance: of the residual, relative to the gradient; 0.5 in the book.
        halvings: of the line search, at most; each length that is tried asks for one loss.

    References:
        Nocedal & Wright 2006, Numerical Optimization, 2nd edition, algorithm 7.1 and equation 7.3.
    """

    damping: float = 1.0
    iterations: int = 20
    tolerance: float = 0.5
    halvings: int = 10

    def step(self, oracle: Oracle, state: Any) -> tuple[Any, Any, Costs]:
        """Return the weights after a step, and the products and losses that it asked for."""
        weights, unravel = ravel_pytree(oracle.weights)
        gradient = ravel_pytree(oracle.gradient)[0]
        found = self._solve(oracle, gradient, unravel)
        length, losses = self._search(oracle, weights, found.solution, jnp.vdot(gradient, found.solution), unravel)
        return unravel(weights + length * found.solution), state, Costs(losses=losses, products=found.products)

    def _solve(self, oracle: Oracle, gradient: jax.Array, unravel: Any) -> _Solution:
        """Return the step and what it cost."""
        norm = jnp.linalg.norm(gradient)
        goal = jnp.minimum(self.tolerance, jnp.sqrt(norm)) * norm

        def goes_on(now: _Solution) -> jax.Array:
            return (now.products < self.iterations) & ~now.ended

        def iterate(now: _Solution) -> _Solution:
            product = ravel_pytree(oracle.product(oracle.weights, unravel(now.direction)))[0]
            product += self.damping * now.direction
            curvature, before = jnp.vdot(now.direction, product), jnp.vdot(now.residual, now.residual)
            is_positive = curvature > 0
            length = before / jnp.where(is_positive, curvature, 1.0)
            residual = now.residual + length * product
            after = jnp.vdot(residual, residual)
            ahead = _Solution(
                now.solution + length * now.direction,
                residual,
                after / before * now.direction - residual,
                now.products + 1,
                jnp.sqrt(after) <= goal,
            )
            steepest = jnp.where(now.products == 0, -gradient, now.solution)
            stopped = now._replace(solution=steepest, products=ahead.products, ended=jnp.bool_(True))
            return jax.tree.map(lambda on, off: jnp.where(is_positive, on, off), ahead, stopped)

        start = _Solution(jnp.zeros_like(gradient), gradient, -gradient, jnp.int32(0), norm == 0)
        return lax.while_loop(goes_on, iterate, start)

    def _search(
        self, oracle: Oracle, weights: jax.Array, direction: jax.Array, slope: jax.Array, unravel: Any
    ) -> tuple[jax.Array, jax.Array]:
        """Return the length of the step, 0 if none lowers the loss enough, and how many losses were asked for."""
        rounding = 10 * jnp.finfo(weights.dtype).eps * jnp.abs(oracle.loss)

        def fails(now: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
            length, tried, loss = now
            is_enough = loss <= oracle.loss + _DECREASE * length * slope + rounding
            return (tried <= self.halvings) & ~is_enough

        def halve(now: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
            length = jnp.where(now[1] == 0, oracle.lr, now[0] / 2)
            return length, now[1] + 1, oracle.loss_at(unravel(weights + length * direction))

        length, tried, loss = lax.while_loop(
            fails, halve, (oracle.lr, jnp.int32(0), jnp.full_like(oracle.loss, jnp.inf))
        )
        is_enough = loss <= oracle.loss + _DECREASE * length * slope + rounding
        return jnp.where(is_enough, length, 0.0), tried


def newton(damping: float = 1.0, iterations: int = 20, tolerance: float = 0.5, halvings: int = 10) -> Newton:
    """Return Newton's method with conjugate gradients; see `Newton`."""
    return Newton(damping, iterations, tolerance, halvings)
