"""Random coordinate descent for the number of errors, without gradients.

Li and Lin 2007, "Optimizing 0/1 loss for perceptrons by random coordinate descent" (IJCNN): again and again, the best
step along a random direction. Where scores are linear along it, as of a perceptron, that step is exact; see
`error_count.py`. The other search, for any model and any measured loss, tries a fixed ladder of steps. Both look at the
step's batch, and go nowhere where the batch's measured loss would be higher.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from lionsearch.errors import SettingError
from lionsearch.rivals.error_count import best_step, check_classes, find_margins, find_right
from lionsearch.rivals.rival import Costs, Oracle, Stateless
from lionsearch.tasks.problem import Problem

LADDER = tuple(sign * 2.0**power for power in range(-8, 3) for sign in (-1.0, 1.0))
"""Steps that are tried where no step is known to be exact."""


class CoordinateDescent(Stateless):
    """Searches along random directions, one after the other.

    Args:
        searches: in a step.
        along: "coordinate", or "direction" for one drawn from the sphere.
        classes: labels that the task has; for the exact search.
        reach: the largest step of the exact search.
        exact: whether the search is exact, or over `LADDER`.
    """

    uses_gradient = False

    def __init__(self, searches: int, along: str, classes: int, reach: float, exact: bool):
        self._searches, self._along, self._classes, self._reach = searches, along, classes, reach
        self._search = self._exactly if exact else self._by_ladder

    def check(self, problem: Problem) -> None:
        """Raise a SettingError if the task has other labels."""
        if self._search == self._exactly:
            check_classes(problem, self._classes)

    def step(self, oracle: Oracle, state: tuple[()]) -> tuple[Any, tuple[()], Costs]:
        """Return the weights after the searches of a step."""
        flat, unravel = ravel_pytree(oracle.weights)

        def search(carry: tuple[jax.Array, jax.Array], key: jax.Array) -> tuple[tuple[jax.Array, jax.Array], Any]:
            weights, loss = carry
            direction = draw_direction(key, weights.size, self._along)
            moved, asked = self._search(oracle, weights, direction, unravel)
            new = oracle.measured_at(unravel(moved))
            better = new <= loss
            carry = jnp.where(better, moved, weights), jnp.where(better, new, loss)
            return carry, asked

        start = flat, oracle.measured_at(oracle.weights)
        (flat, _), asked = jax.lax.scan(search, start, jax.random.split(oracle.key, self._searches))
        return unravel(flat), state, Costs(losses=1 + self._searches + jnp.sum(asked))

    def _exactly(
        self, oracle: Oracle, weights: jax.Array, direction: jax.Array, unravel: Any
    ) -> tuple[jax.Array, jax.Array]:
        """Return the weights at the exact best step, and how many losses were asked for."""
        here, there = (find_margins(oracle, unravel(at), self._classes) for at in (weights, weights + direction))
        step = best_step(*find_right(here, there - here), self._reach)
        return weights + step.size * direction, jnp.float32(2 * self._classes)

    def _by_ladder(
        self, oracle: Oracle, weights: jax.Array, direction: jax.Array, unravel: Any
    ) -> tuple[jax.Array, jax.Array]:
        """Return the weights at the best step of the ladder, and how many losses were asked for."""
        sizes = jnp.asarray(LADDER)
        losses = jax.lax.map(lambda size: oracle.measured_at(unravel(weights + size * direction)), sizes)
        return weights + sizes[jnp.argmin(losses)] * direction, jnp.float32(len(LADDER))


def coordinate(
    searches: int = 64, along: str = "coordinate", classes: int = 10, reach: float = 4.0, exact: bool = True
) -> CoordinateDescent:
    """Return random coordinate descent; see `CoordinateDescent`.

    Raises:
        SettingError: if a setting is none of those that it may be.
    """
    check_counts(searches=searches, classes=classes)
    if along not in ("coordinate", "direction"):
        raise SettingError(f"along is {along!r}; expected 'coordinate' or 'direction'")
    return CoordinateDescent(searches, along, classes, reach, exact)


def check_counts(**counts: int) -> None:
    """Raise a SettingError for a count that is no positive integer."""
    for name, count in counts.items():
        if not isinstance(count, int) or count < 1:
            raise SettingError(f"{name} is {count!r}; expected a positive integer")


def draw_direction(key: jax.Array, size: int, along: str) -> jax.Array:
    """Return a vector of length 1, (size,): a random coordinate's, or one drawn from the sphere."""
    if along == "coordinate":
        return jax.nn.one_hot(jax.random.randint(key, (), 0, size), size)
    drawn = jax.random.normal(key, (size,))
    return drawn / jnp.linalg.norm(drawn)
