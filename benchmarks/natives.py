"""The optimizers that people use most: the program that has an optimizer's equations, and that optimizer itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import optax

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Native:
    """An optimizer of optax, and the same one of PyTorch.

    Attributes:
        name: of both.
        optax: makes optax's, of a learning rate.
        program: that has optax's equations.
        torch: its name in `torch.optim`, or in a package.
        torch_program: that has PyTorch's equations.
        rate: a learning rate that trains a small network.
        given: settings of the program, as far as they are not its defaults.
        torch_given: settings of PyTorch's, as far as they are not its defaults.
    """

    name: str
    optax: Callable[[Any], optax.GradientTransformation]
    program: str
    torch: str
    torch_program: str
    rate: float
    given: Settings = field(default_factory=dict)
    torch_given: Settings = field(default_factory=dict)


NATIVES = (
    Native("sgd", optax.sgd, "sgd", "torch.optim.SGD", "sgd", 0.1),
    Native(
        "momentum",
        lambda lr: optax.sgd(lr, momentum=0.9),
        "momentum",
        "torch.optim.SGD",
        "momentum",
        0.03,
        torch_given={"momentum": 0.9},
    ),
    Native(
        "nesterov",
        lambda lr: optax.sgd(lr, momentum=0.9, nesterov=True),
        "nesterov",
        "torch.optim.SGD",
        "nesterov",
        0.03,
        torch_given={"momentum": 0.9, "nesterov": True},
    ),
    Native("adagrad", optax.adagrad, "adagrad_optax", "torch.optim.Adagrad", "adagrad", 0.01),
    Native("rmsprop", optax.rmsprop, "rmsprop", "torch.optim.RMSprop", "rmsprop_torch", 1e-3),
    Native("adadelta", optax.adadelta, "adadelta", "torch.optim.Adadelta", "adadelta", 1.0),
    Native("adamax", optax.adamax, "adamax", "torch.optim.Adamax", "adamax", 2e-3),
    Native("adam", optax.adam, "adam", "torch.optim.Adam", "adam", 1e-3),
    Native("nadam", optax.nadam, "nadam", "torch.optim.NAdam", "nadam_dozat", 2e-3),
    Native(
        "adamw",
        lambda lr: optax.adamw(lr, weight_decay=0.01),
        "adamw_debiased",
        "torch.optim.AdamW",
        "adamw_debiased",
        1e-3,
        given={"weight_decay": 0.01},
    ),
    Native(
        "lion",
        lambda lr: optax.lion(lr, weight_decay=0.1),
        "lion",
        "lion_pytorch.Lion",
        "lion",
        1e-3,
        given={"weight_decay": 0.1},
        torch_given={"weight_decay": 0.1},
    ),
)


def make_torch(native: Native, params: Any, **settings: Any) -> Any:
    """Return PyTorch's optimizer of parameters."""
    module, name = native.torch.rsplit(".", 1)
    return getattr(import_module(module), name)(params, **{"lr": native.rate, **native.torch_given, **settings})
