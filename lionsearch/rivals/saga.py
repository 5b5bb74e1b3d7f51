"""SAGA: stochastic gradients corrected by a table of those that each training example last had.

    w <- w - lr (mean over the batch of (g_i - a_i) + mean over all examples of a)
    a_i <- g_i for the examples of the batch

g_i is the gradient of an example's loss at the weights, a_i its row of the table.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lionsearch.rivals.gradient_table import (
    GradientTable,
    add_to_rows,
    check_start,
    descend,
    fill_at_start,
    make_table,
    residuals,
)
from lionsearch.rivals.rival import Costs, Oracle


class Saga:
    """SAGA on the batches as they are drawn.

    The paper's algorithm 1 is that with batches of one example. With a batch, each of its examples has a part in the
    step and gets a new row. The paper draws examples independently; training goes over them in shuffled epochs.

    Args:
        start: the table before the first step: "gradients" at the initial weights, as in the paper, for count / size
            gradients of a batch; or "zeros", for none.

    Raises:
        SettingError: if `start` is something else.

    References:
        Defazio, Bach & Lacoste-Julien 2014, arXiv 1407.0202, algorithm 1 and equation 1.
    """

    uses_gradient = False

    def __init__(self, start: str = "gradients"):
        check_start(start)
        self._start = start

    def init(self, weights: Any, count: int) -> GradientTable:
        """Return a table of zeros.

        Raises:
            SettingError: if it would be too large.
        """
        return make_table(weights, count)

    def step(self, oracle: Oracle, state: GradientTable) -> tuple[Any, GradientTable, Costs]:
        """Return the weights and the table after a step; it costs the gradients of the batch's examples."""
        table, filling = fill_at_start(oracle, state) if self._start == "gradients" else (state, 0.0)
        change = residuals(oracle, table)
        direction = jax.tree.map(lambda by, mean: jnp.mean(by, axis=0) + mean, change, table.mean)
        return descend(oracle, direction), add_to_rows(oracle, table, change), Costs(gradients=1.0 + filling)
