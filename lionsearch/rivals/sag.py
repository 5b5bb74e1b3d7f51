"""SAG: steps along the mean of the gradients that each training example last had.

    a_i <- g_i for the examples of the batch
    w <- w - lr / n * sum over all examples of a

g_i is the gradient of an example's loss at the weights, a_i its row of a table that starts with zeros.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lionsearch.rivals.gradient_table import GradientTable, add_to_rows, descend, make_table, residuals
from lionsearch.rivals.rival import Costs, Oracle


class SagState(NamedTuple):
    """What SAG keeps.

    Attributes:
        table: the gradients.
        seen: bool (count,), which examples have been in a batch.
    """

    table: GradientTable
    seen: jax.Array


class Sag:
    """SAG on the batches as they are drawn.

    The paper draws one example at a time, independently; here a whole batch gets new rows, and training goes over the
    examples in shuffled epochs. In those its steps have to be shorter: on the ridge regression of the tests, with
    batches of 1, it converges with steps of 1 / L where examples are drawn independently, and diverges where they are
    shuffled; SAGA converges with both.

    Args:
        reweighted: whether n is the number of examples that have been in a batch so far, so that the first steps are
            not small because most rows are still zero; else it is the number of all.

    References:
        Le Roux, Schmidt & Bach 2012, arXiv 1202.6258; Schmidt, Le Roux & Bach 2013, arXiv 1309.2388, algorithm 1,
        section 4.2 for `reweighted`, and 4.7 for batches.
    """

    uses_gradient = False

    def __init__(self, reweighted: bool = True):
        self._reweighted = reweighted

    def init(self, weights: Any, count: int) -> SagState:
        """Return a table of zeros, and that no example was seen.

        Raises:
            SettingError: if it would be too large.
        """
        return SagState(make_table(weights, count), jnp.zeros(count, bool))

    def step(self, oracle: Oracle, state: SagState) -> tuple[Any, SagState, Costs]:
        """Return the weights and the state after a step; it costs the gradients of the batch's examples."""
        table = add_to_rows(oracle, state.table, residuals(oracle, state.table))
        seen = state.seen.at[oracle.examples].set(True)
        share = jnp.mean(seen, dtype=jnp.float32) if self._reweighted else 1.0
        direction = jax.tree.map(lambda mean: mean / share, table.mean)
        return descend(oracle, direction), SagState(table, seen), Costs(gradients=1.0)
