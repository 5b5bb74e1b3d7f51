"""Minimum error rate training: in each step the best of many exact line searches along coordinates.

Och 2003, "Minimum error rate training in statistical machine translation" (ACL), section 4, after Powell's method: of
the best steps along several coordinates, the one with the fewest errors is made. Here an example's class is what
translations are there, so that the pieces of its error are known from the scores of all classes; see `error_count.py`.
Not here: starting anew from random weights.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from lionsearch.rivals.coordinate import check_counts
from lionsearch.rivals.error_count import Step, best_step, check_classes, find_margins, find_right
from lionsearch.rivals.rival import Costs, Oracle, Stateless
from lionsearch.tasks.problem import Problem


class MinimumErrorRate(Stateless):
    """Makes the best of exact steps along random coordinates, of a model whose scores are linear in each.

    Args:
        directions: coordinates that are looked along before each step.
        rounds: steps along a coordinate in one step of training.
        classes: labels that the task has.
        reach: the largest step.
    """

    uses_gradient = False

    def __init__(self, directions: int, rounds: int, classes: int, reach: float):
        self._directions, self._rounds, self._classes, self._reach = directions, rounds, classes, reach

    def check(self, problem: Problem) -> None:
        """Raise a SettingError if the task has other labels."""
        check_classes(problem, self._classes)

    def step(self, oracle: Oracle, state: tuple[()]) -> tuple[Any, tuple[()], Costs]:
        """Return the weights after the rounds of a step."""
        flat, unravel = ravel_pytree(oracle.weights)
        number = min(self._directions, flat.size)

        def margins(weights: jax.Array) -> jax.Array:
            return find_margins(oracle, unravel(weights), self._classes)

        def make_round(carry: tuple[jax.Array, jax.Array], key: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
            weights, loss = carry
            here = margins(weights)

            def look(coordinate: jax.Array) -> Step:
                there = margins(weights.at[coordinate].add(1.0))
                return best_step(*find_right(here, there - here), self._reach)

            coordinates = jax.random.choice(key, flat.size, (number,), replace=False)
            steps = jax.vmap(look)(coordinates)
            best = jnp.argmax(steps.right)
            moved = weights.at[coordinates[best]].add(steps.size[best])
            new = oracle.measured_at(unravel(moved))
            better = new <= loss
            return (jnp.where(better, moved, weights), jnp.where(better, new, loss)), None

        start = flat, oracle.measured_at(oracle.weights)
        (flat, _), _ = jax.lax.scan(make_round, start, jax.random.split(oracle.key, self._rounds))
        return unravel(flat), state, Costs(losses=1.0 + self._rounds * (1 + self._classes * (1 + number)))


def mert(directions: int = 32, rounds: int = 4, classes: int = 10, reach: float = 4.0) -> MinimumErrorRate:
    """Return minimum error rate training; see `MinimumErrorRate`.

    Raises:
        SettingError: if a count is no positive integer.
    """
    check_counts(directions=directions, rounds=rounds, classes=classes)
    return MinimumErrorRate(directions, rounds, classes, reach)
