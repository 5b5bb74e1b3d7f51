"""JacSketch: an estimate of the Jacobian, whose columns are the examples' gradients, updated from sketches of it.

    P = S (S^T S)^+ S^T
    g = J 1 / n + theta / n (G - J) P 1
    w <- w - lr g
    J <- J + (G - J) P

G is the Jacobian at the weights, n the number of training examples, 1 a vector of ones. The sketch S, (n, columns), is
zero but for the rows of the batch's examples; J is kept as a table with a row for each example.

Non-goals: sampling of its own, so neither fixed groups of examples nor importance sampling; weight matrices other than
the identity; sketches of examples beyond the batch.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lionsearch.errors import SettingError, quote
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

SKETCHES = ("batch", "average", "gaussian")
"""The sketches there are."""


class JacSketch:
    """JacSketch with sketches of the batch.

    The sketches, and the `theta` with which g has no bias if each batch is as likely as any other:

    - "batch": a column for each of the batch's examples. P leaves their residuals as they are, and theta is
      n / batch: the mini-batch form of SAGA.
    - "average": one column, of ones for the batch. Each row gets the batch's mean residual, and theta is n / batch.
      That asks for nothing beside the batch's gradient.
    - "gaussian": `columns` columns of normal numbers, new in each step. P projects the batch's residuals on a random
      subspace, and theta is n / `columns`.

    Args:
        sketch: one of these.
        columns: of the Gaussian sketch; at most the batch's size.
        theta: another theta; None for the one without bias. With 1 and "batch", g is the mean of the updated J: SAG.
        start: the table before the first step: "gradients" at the initial weights, for count / size gradients of a
            batch; or "zeros", for none. The paper leaves it open.

    Raises:
        SettingError: if one of them is none that there is.

    References:
        Gower, Richtárik & Bach 2018, arXiv 1805.02632, algorithm 1.
    """

    def __init__(self, sketch: str = "batch", columns: int = 1, theta: float | None = None, start: str = "gradients"):
        if sketch not in SKETCHES:
            raise SettingError(f"sketch is {quote(sketch)}; expected one of: {', '.join(SKETCHES)}")
        if isinstance(columns, bool) or not isinstance(columns, int) or columns < 1:
            raise SettingError(f"columns is {quote(columns)}; expected a whole number, at least 1")
        if theta is not None and (isinstance(theta, bool | str) or not 0 < theta < float("inf")):
            raise SettingError(f"theta is {quote(theta)}; expected a number above 0, or None")
        check_start(start)
        self._sketch, self._columns, self._theta, self._start = sketch, columns, theta, start

    @property
    def uses_gradient(self) -> bool:
        """Whether it takes the batch's gradient: the others ask for those of its examples."""
        return self._sketch == "average"

    def init(self, weights: Any, count: int) -> GradientTable:
        """Return a table of zeros.

        Raises:
            SettingError: if it would be too large.
        """
        return make_table(weights, count)

    def step(self, oracle: Oracle, state: GradientTable) -> tuple[Any, GradientTable, Costs]:
        """Return the weights and the table after a step, and what it cost.

        Raises:
            SettingError: if a Gaussian sketch has more columns than the batch has examples.
        """
        table, filling = fill_at_start(oracle, state) if self._start == "gradients" else (state, 0.0)
        change, asked = self._project(oracle, table)
        factor = self._correction(oracle) / oracle.count
        direction = jax.tree.map(lambda mean, by: mean + factor * jnp.sum(by, axis=0), table.mean, change)
        return descend(oracle, direction), add_to_rows(oracle, table, change), Costs(gradients=asked + filling)

    def _correction(self, oracle: Oracle) -> float:
        """Return theta."""
        if self._theta is not None:
            return self._theta
        return oracle.count / (self._columns if self._sketch == "gaussian" else oracle.size)

    def _project(self, oracle: Oracle, table: GradientTable) -> tuple[Any, float]:
        """Return the batch's columns of (G - J) P, (batch, ...) each, and the gradients of a batch that it took."""
        if self._sketch == "average":
            return jax.tree.map(lambda g, rows: _repeat_gap(g, rows[oracle.examples]), oracle.gradient, table.rows), 0.0
        change = residuals(oracle, table)
        if self._sketch == "batch":
            return change, 1.0
        projection = project_randomly(oracle.key, oracle.size, self._columns)
        return jax.tree.map(lambda by: jnp.tensordot(projection, by, axes=1), change), 1.0


def project_randomly(key: jax.Array, size: int, columns: int) -> jax.Array:
    """Return the projection (size, size) on the span of so many random normal vectors.

    Raises:
        SettingError: if there are more than the space has dimensions.
    """
    if columns > size:
        raise SettingError(f"columns is {columns}; expected at most the examples of a batch, {size}")
    basis, _ = jnp.linalg.qr(jax.random.normal(key, (size, columns)))
    return basis @ basis.T


def _repeat_gap(gradient: jax.Array, rows: jax.Array) -> jax.Array:
    """Return the gradient minus the mean of rows, once for each of them."""
    return jnp.broadcast_to(gradient - jnp.mean(rows, axis=0), rows.shape)
