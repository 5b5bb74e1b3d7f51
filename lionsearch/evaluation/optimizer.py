"""What is trained with, a program or a rival, and the learning rate and weight decay that it has."""

from __future__ import annotations

from typing import TypeAlias

from lionsearch.lang import Program
from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.tasks.spec import TUNED_RATE, TaskSpec

Optimizer: TypeAlias = Program | RivalSpec
"""A valid program, or a rival whose name was resolved."""


def weight_decay_of(optimizer: Optimizer) -> float | None:
    """Return its own weight decay; None for one without."""
    if isinstance(optimizer, RivalSpec):
        return optimizer.weight_decay
    return dict(optimizer.hyperparameters).get("weight_decay")


def with_weight_decay(optimizer: Optimizer, decay: float | None) -> Optimizer:
    """Return it with another weight decay; None leaves it as it is."""
    if decay is None:
        return optimizer
    if isinstance(optimizer, RivalSpec):
        return optimizer.with_weight_decay(decay)
    return optimizer.with_hyperparameters({"weight_decay": decay})


def rate_of(optimizer: Optimizer) -> float | None:
    """Return its `lr_scale`, that of AdamW for a program without; None for what finds its learning rate itself.

    Examples:
        >>> from lionsearch.lang import parse
        >>> rate_of(parse("def train(w, g, lr, *, lr_scale=0.02): return g * lr * lr_scale"))
        0.02
    """
    if isinstance(optimizer, RivalSpec):
        return optimizer.lr_scale if optimizer.takes_rate else None
    return dict(optimizer.hyperparameters).get("lr_scale", TUNED_RATE)


def names_rate(optimizer: Optimizer) -> bool:
    """Return whether its learning rate has a name: `lr_scale` for a program, in which it may be a number like others.

    Examples:
        >>> from lionsearch.lang import parse
        >>> names_rate(parse("def train(w, g, lr): return g * (lr * 0.02)"))
        False
    """
    return isinstance(optimizer, RivalSpec) or "lr_scale" in dict(optimizer.hyperparameters)


def learning_rate(optimizer: Optimizer, task: TaskSpec, factor: float = 1.0) -> float | None:
    """Return the peak of its learning rate on a task, at a factor of its own; None for what finds it itself."""
    scale = rate_of(optimizer)
    if scale is None:
        return None
    is_absolute = isinstance(optimizer, RivalSpec) and optimizer.is_absolute
    return factor * scale * (1.0 if is_absolute else task.learning_rate / TUNED_RATE)
