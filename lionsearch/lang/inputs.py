"""What a program may read besides its state: the reserved names, their kinds, and what gives them."""

from __future__ import annotations

from dataclasses import dataclass

from lionsearch.lang.kinds import Kind


@dataclass(frozen=True, slots=True)
class Input:
    """One reserved name.

    Attributes:
        kind: of its value.
        description: one line.
        setting: the hyperparameter of the program that says how the input is computed, with its default; such a
            hyperparameter belongs to the program's behaviour even where no statement reads it.
        gradient_of: what it is a gradient over, `batch` or `training set`; None if it is no gradient.
        scheduled: whether it is known for all steps before training starts.
        in_torch: whether a PyTorch optimizer can have it.
        optax_name: what optax calls it, if that is something else.
    """

    kind: Kind
    description: str
    setting: tuple[str, float] | None = None
    gradient_of: str | None = None
    scheduled: bool = False
    in_torch: bool = False
    optax_name: str | None = None


REQUIRED_INPUTS = ("w", "g", "lr")
"""What every program gets: weights, gradient, and the value of the learning-rate schedule."""

_ANCHOR = ("anchor_every", 30.0)
_PERIODS = ("hessian_every", "anchor_every")

INPUTS: dict[str, Input] = {
    "w": Input(Kind.TENSOR, "the weights", in_torch=True),
    "g": Input(Kind.TENSOR, "the gradient of the batch's loss", gradient_of="batch", in_torch=True),
    "lr": Input(Kind.SCALAR, "the value of the learning-rate schedule", scheduled=True, in_torch=True),
    "t": Input(Kind.SCALAR, "the step, from 1", scheduled=True, in_torch=True),
    "loss": Input(Kind.SCALAR, "the loss of the batch", in_torch=True, optax_name="value"),
    "h": Input(
        Kind.TENSOR,
        "Hutchinson's estimate of the Hessian's diagonal, z * (H z) with z = -1 or 1, new every `hessian_every` steps",
        ("hessian_every", 1.0),
    ),
    "h_gnb": Input(
        Kind.TENSOR,
        "the Gauss-Newton-Bartlett estimate of it, batch * g^2 with labels drawn from the model, as often",
        ("hessian_every", 1.0),
    ),
    "g_ahead": Input(
        Kind.TENSOR, "the batch's gradient at w + rho g / ||g|| (SAM)", ("rho", 0.05), gradient_of="batch"
    ),
    "g_anchor": Input(
        Kind.TENSOR,
        "the batch's gradient at the anchor, the weights every `anchor_every` steps (SVRG)",
        _ANCHOR,
        gradient_of="batch",
    ),
    "g_full": Input(
        Kind.TENSOR, "the gradient over all training examples at the anchor", _ANCHOR, gradient_of="training set"
    ),
}
"""Every input by name. Those after `lr` are computed only for programs that ask for them."""

OPTIONAL_INPUTS: dict[str, str] = {name: row.description for name, row in INPUTS.items() if name not in REQUIRED_INPUTS}
"""What a program may ask for after `lr`, by reserved name."""


GRADIENTS: frozenset[str] = frozenset(name for name, row in INPUTS.items() if row.gradient_of is not None)
"""Inputs of which an update has to depend on one, or it learns nothing."""


def find_fault(setting: str, value: float) -> str | None:
    """Return what a hyperparameter of this name had to be and is not, if its name is that of a setting."""
    if setting in _PERIODS and not (value >= 1 and value.is_integer()):
        return "a whole number of steps, 1 or more"
    return None
