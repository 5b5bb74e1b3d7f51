"""Steps along negative curvature, and accelerated gradient steps where there is little of it.

Carmon, Duchi, Hinder & Sidford 2017, "Accelerated Methods for Non-Convex Optimization", arXiv 1611.00756.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree

from lionsearch.rivals.rival import Costs, Oracle, Stateless

_BREAKDOWN = 1e-5
"""A Lanczos vector shorter than this times the largest product so far is rounding: the space is exhausted."""
_RATE = 1e-20
"""The smallest learning rate: one of 0 has no L."""


class _Descent(NamedTuple):
    """Nesterov's method: an iterate, and the point ahead of it that the next gradient is of."""

    iterate: jax.Array
    ahead: jax.Array


@dataclass(frozen=True)
class NegativeCurvature(Stateless):
    """One of two steps, by the smallest eigenvalue c of the batch's Hessian, v its eigenvector.

    c <= -alpha / 2: w <- w - sign(v'g) 2 |c| / hessian_lipschitz v (algorithm 3).

    Otherwise: Nesterov's method for a strongly convex function, from w, on the almost convex loss that is made convex,
    f(z) + 3 alpha |z - w|^2 + L max(|z - w| - alpha / hessian_lipschitz, 0)^2, f the batch's loss (algorithms 1, 2, 4).

    The learning rate is the step of Nesterov's method, 1 / (5 L + 6 alpha) in the paper's terms, so it gives L; its
    momentum follows from it and from the strong convexity 3 alpha. Steps along negative curvature do not depend on it.

    Simplified against the paper: a step is either of the two, so algorithm 4 alternates by steps of training, and
    algorithm 2 has one proximal iteration; Nesterov's method has a fixed number of iterations in place of an accuracy;
    the eigenvector is by Lanczos' method with full reorthogonalization; each step sees its batch only, for which the
    paper proves nothing.

    Args:
        alpha: a direction of curvature -alpha / 2 or less counts as negative.
        hessian_lipschitz: L2, the Lipschitz constant of the Hessian.
        lanczos: iterations of Lanczos' method, each a product; no more than there are weights.
        iterations: of Nesterov's method, each a gradient; the first is of the weights, and there anyway.
    """

    alpha: float = 1.0
    hessian_lipschitz: float = 10.0
    lanczos: int = 10
    iterations: int = 10

    def step(self, oracle: Oracle, state: Any) -> tuple[Any, Any, Costs]:
        """Return the weights after a step, and the products and gradients that it asked for."""
        weights, unravel = ravel_pytree(oracle.weights)
        gradient = ravel_pytree(oracle.gradient)[0]
        asked = min(self.lanczos, weights.size)

        def product(vector: jax.Array) -> jax.Array:
            return ravel_pytree(oracle.product(oracle.weights, unravel(vector)))[0]

        def descend() -> jax.Array:
            length = 2 * jnp.abs(curvature) / self.hessian_lipschitz
            return weights - jnp.where(jnp.vdot(direction, gradient) < 0, -length, length) * direction

        def accelerate() -> jax.Array:
            return self._accelerate(oracle, weights, gradient, unravel)

        start = jax.random.normal(oracle.key, weights.shape, weights.dtype)
        curvature, direction = leftmost(product, start, asked)
        is_negative = curvature <= -self.alpha / 2
        found = lax.cond(is_negative, descend, accelerate)
        gradients = jnp.where(is_negative, 0.0, self.iterations - 1.0)
        return unravel(found), state, Costs(gradients=gradients, products=asked)

    def _accelerate(self, oracle: Oracle, weights: jax.Array, gradient: jax.Array, unravel: Any) -> jax.Array:
        """Return where Nesterov's method on the regularized loss ends."""
        convexity, radius = 3 * self.alpha, self.alpha / self.hessian_lipschitz
        rate = jnp.maximum(oracle.lr, _RATE)
        penalty = jnp.maximum(1 / rate - 2 * convexity, 0.0) / 5
        root = jnp.sqrt(jnp.maximum(1 / (rate * convexity), 1.0))
        momentum = (root - 1) / (root + 1)

        def move(now: _Descent, slope: jax.Array) -> _Descent:
            offset = now.ahead - weights
            distance = jnp.linalg.norm(offset)
            excess = jnp.maximum(distance - radius, 0.0) / jnp.where(distance > 0, distance, 1.0)
            slope += 2 * (convexity + penalty * excess) * offset
            iterate = now.ahead - rate * slope
            return _Descent(iterate, iterate + momentum * (iterate - now.iterate))

        def iterate(_: Any, now: _Descent) -> _Descent:
            return move(now, ravel_pytree(oracle.gradient_at(unravel(now.ahead)))[0])

        return lax.fori_loop(1, self.iterations, iterate, move(_Descent(weights, weights), gradient)).iterate


def leftmost(product: Any, start: jax.Array, iterations: int) -> tuple[jax.Array, jax.Array]:
    """Return an estimate of the smallest eigenvalue of a symmetric matrix, from above, and a unit vector of it.

    Lanczos' method with full reorthogonalization (Golub & Van Loan 2013, section 10.3). If the space that `start` spans
    is exhausted, 0 joins the estimates: a smallest eigenvalue above 0 is then found as 0.

    Args:
        product: of the matrix with a vector.
        start: (size,), a random vector.
        iterations: products, no more than `size`.

    Examples:
        >>> value, vector = leftmost(lambda v: jnp.array([3.0, -2.0, 1.0]) * v, jnp.ones(3), 3)
        >>> float(value.round(3)), abs(vector).round(3).tolist()
        (-2.0, [0.0, 1.0, 0.0])
    """

    def extend(now: tuple[jax.Array, jax.Array, jax.Array], index: jax.Array) -> Any:
        basis, vector, largest = now
        basis = basis.at[index].set(vector)
        image = product(vector)
        largest = jnp.maximum(largest, jnp.linalg.norm(image))
        rest = image
        for _ in range(2):  # once leaves rounding errors that grow
            rest -= basis.T @ (basis @ rest)
        norm = jnp.linalg.norm(rest)
        is_new = norm > _BREAKDOWN * largest
        following = jnp.where(is_new, rest / jnp.where(is_new, norm, 1.0), 0.0)
        return (basis, following, largest), (jnp.vdot(vector, image), jnp.where(is_new, norm, 0.0))

    empty = jnp.zeros((iterations, start.size), start.dtype)
    first = (empty, start / jnp.linalg.norm(start), jnp.zeros((), start.dtype))
    (basis, _, _), (diagonal, beside) = lax.scan(extend, first, jnp.arange(iterations))
    matrix = jnp.diag(diagonal) + jnp.diag(beside[:-1], 1) + jnp.diag(beside[:-1], -1)
    values, vectors = jnp.linalg.eigh(matrix)
    return values[0], basis.T @ vectors[:, 0]


def negative_curvature(
    alpha: float = 1.0, hessian_lipschitz: float = 10.0, lanczos: int = 10, iterations: int = 10
) -> NegativeCurvature:
    """Return the method of Carmon, Duchi, Hinder & Sidford; see `NegativeCurvature`."""
    return NegativeCurvature(alpha, hessian_lipschitz, lanczos, iterations)
