"""A gradient for each training example, and their mean: what SAG, SAGA and JacSketch keep.

The mean is updated with the table, not summed anew; what rounding adds to it in float32 stays in it.
Non-goals: a loss of a batch that is not the mean of its examples' losses, as with batch normalization; tables of less
than a whole gradient for each example.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lionsearch.errors import SettingError, quote
from lionsearch.rivals.rival import Oracle

MOST_BYTES = 2**30
"""The largest table that is made."""

STARTS = ("gradients", "zeros")
"""What a table may hold before the first step."""


class GradientTable(NamedTuple):
    """Gradients of examples, some of them of older weights.

    Attributes:
        rows: a tree like the weights, with the examples in front of each leaf's axes.
        mean: of the rows, a tree like the weights.
    """

    rows: Any
    mean: Any


def make_table(weights: Any, count: int) -> GradientTable:
    """Return a table of zeros.

    Args:
        weights: the parameter tree.
        count: training examples.

    Raises:
        SettingError: if it would have more than `MOST_BYTES`.
    """
    leaves = jax.tree.leaves(weights)
    numbers = sum(leaf.size for leaf in leaves)
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)
    if count * size > MOST_BYTES:
        raise SettingError(
            f"a gradient for each training example, {count:,} times {numbers:,} parameters, would take"
            f" {count * size / 2**30:,.1f} GiB; at most {MOST_BYTES / 2**30:g} GiB is taken: choose a smaller task, or"
            " rival:svrg, which keeps no table"
        )
    rows = jax.tree.map(lambda leaf: jnp.zeros((count, *leaf.shape), leaf.dtype), weights)
    return GradientTable(rows, jax.tree.map(jnp.zeros_like, weights))


def check_start(start: str) -> None:
    """Refuse what a table cannot start with.

    Raises:
        SettingError: if it is none of `STARTS`.
    """
    if start not in STARTS:
        raise SettingError(f"start is {quote(start)}; expected one of: {', '.join(STARTS)}")


def fill_at_start(oracle: Oracle, table: GradientTable) -> tuple[GradientTable, jax.Array]:
    """Return, in step 0, the table of all gradients at the weights, later the table as it is; and what it cost.

    Returns:
        The table, and how many gradients of a batch were made for it: count / size in step 0, later none.
    """
    filled = jax.lax.cond(oracle.step == 0, lambda: _fill(oracle), lambda: table)
    return filled, jnp.where(oracle.step == 0, oracle.count / oracle.size, 0.0)


def _fill(oracle: Oracle) -> GradientTable:
    """Return the table of all gradients at the weights; no more examples at once than in a batch."""

    def one(example: Any) -> Any:
        return oracle.gradient_at(oracle.weights, jax.tree.map(lambda leaf: leaf[None], example))

    rows = jax.lax.map(one, oracle.data, batch_size=oracle.size)
    return GradientTable(rows, jax.tree.map(lambda leaf: jnp.mean(leaf, axis=0), rows))


def residuals(oracle: Oracle, table: GradientTable) -> Any:
    """Return the batch's gradients minus their rows, (batch, ...) each; one gradient of a batch."""
    now = oracle.gradients_of_examples(oracle.weights)
    return jax.tree.map(lambda new, rows: new - rows[oracle.examples], now, table.rows)


def add_to_rows(oracle: Oracle, table: GradientTable, change: Any) -> GradientTable:
    """Return the table with a change (batch, ...) added to the batch's rows.

    The examples of a batch are different ones.
    """
    rows = jax.tree.map(lambda leaf, by: leaf.at[oracle.examples].add(by), table.rows, change)
    mean = jax.tree.map(lambda leaf, by: leaf + jnp.sum(by, axis=0) / oracle.count, table.mean, change)
    return GradientTable(rows, mean)


def descend(oracle: Oracle, direction: Any) -> Any:
    """Return the weights after a step against a direction."""
    return jax.tree.map(lambda w, d: w - oracle.lr * d, oracle.weights, direction)
