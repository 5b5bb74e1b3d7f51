"""The exact best step along a direction for the number of errors of a classifier, from its losses.

Of an example with label y, the loss for another label c is log sum exp z - z_c where that is the cross-entropy of
scores z. So the loss for y less that for c is z_c - z_y: positive where c beats y. Where scores are linear along a
direction, so are these margins, and an example is right between two steps. The number of errors is constant between
neighbouring ends of all those intervals, and one look at each piece finds its minimum: the line search of Och 2003,
"Minimum error rate training in statistical machine translation" (ACL, section 4), for which an example's error is
counted instead of a translation's. Exact up to float32 for scores that are linear along the direction; others check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.errors import SettingError
from lionsearch.rivals.rival import Oracle
from lionsearch.tasks.problem import Problem

_NARROW = 1e-6
"""Pieces that are narrower than this share of the reach are passed over: rounding may miss them."""


class Step(NamedTuple):
    """A step along a direction.

    Attributes:
        size: (), how far.
        right: (), how many examples are right there.
    """

    size: jax.Array
    right: jax.Array


def check_classes(problem: Problem, classes: int) -> None:
    """Raise if a task has other labels than 0 to `classes` - 1.

    Raises:
        SettingError: saying how many there are.
    """
    labels = problem.train.get("label") if isinstance(problem.train, Mapping) else None
    if labels is not None and int(np.max(labels)) + 1 != classes:
        raise SettingError(f"classes is {classes}; the task has labels from 0 to {int(np.max(labels))}")


def find_margins(oracle: Oracle, weights: Any, classes: int) -> jax.Array:
    """Return (batch, classes): how far each class beats the label, which has 0; asks for `classes` losses.

    Args:
        oracle: of a task whose batches have a "label" and whose trained loss is a cross-entropy.
        weights: a parameter tree.
        classes: how many there are.

    Raises:
        SettingError: if the batches have no labels.
    """
    batch = oracle.batch
    if not isinstance(batch, Mapping) or jnp.ndim(batch.get("label", 0.0)) != 1:
        raise SettingError("errors are counted on tasks whose examples have a `label`; with `exact=False` on any")

    def loss(example: Any, label: jax.Array) -> jax.Array:
        alone = jax.tree.map(lambda leaf: leaf[None], {**example, "label": label})
        return oracle.loss_at(weights, alone)

    labels = jnp.arange(classes, dtype=batch["label"].dtype)
    losses = jax.vmap(lambda example: jax.vmap(lambda label: loss(example, label))(labels))(batch)
    return jnp.take_along_axis(losses, batch["label"][:, None], axis=1) - losses


def find_right(margins: jax.Array, slopes: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the steps between which each example is right, (batch,) and (batch,); empty where never.

    Args:
        margins: (batch, classes), of each class over the label without a step.
        slopes: (batch, classes), what a step of 1 adds.
    """
    crossing = -margins / jnp.where(slopes == 0, 1.0, slopes)
    above = jnp.max(jnp.where(slopes < 0, crossing, -jnp.inf), axis=1)
    below = jnp.min(jnp.where(slopes > 0, crossing, jnp.inf), axis=1)
    never = jnp.any((slopes == 0) & (margins > 0), axis=1)
    return jnp.where(never, jnp.inf, above), jnp.where(never, -jnp.inf, below)


def best_step(above: jax.Array, below: jax.Array, reach: float) -> Step:
    """Return the middle of the piece on which most examples are right; of several, of the nearest.

    Args:
        above: (batch,), as `find_right` returns it.
        below: as above.
        reach: of the largest step.
    """
    ever = below > above
    first = jnp.sort(jnp.where(ever, above, jnp.inf))
    last = jnp.sort(jnp.where(ever, below, jnp.inf))
    ends = jnp.sort(jnp.clip(jnp.concatenate([first, last, jnp.array([-reach, reach])]), -reach, reach))
    middles, widths = (ends[1:] + ends[:-1]) / 2, ends[1:] - ends[:-1]
    right = jnp.searchsorted(first, middles) - jnp.searchsorted(last, middles)
    right = jnp.where(widths > _NARROW * reach, right, -1)
    nearest = jnp.argmin(jnp.where(right == jnp.max(right), jnp.abs(middles), jnp.inf))
    return Step(middles[nearest], right[nearest])
