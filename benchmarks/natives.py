"""The optimizers that people use most: the program that has an optimizer's equations, and that optimizer itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import optax

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
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
    Native(
        name="sgd",
        optax=optax.sgd,
        program="sgd",
        torch="torch.optim.SGD",
        torch_program="sgd",
        rate=0.1,
    ),
    Native(
        name="momentum",
        optax=lambda lr: optax.sgd(lr, momentum=0.9),
        program="momentum",
        torch="torch.optim.SGD",
        torch_program="momentum",
        rate=0.03,
        torch_given={"momentum": 0.9},
    ),
    Native(
        name="nesterov",
        optax=lambda lr: optax.sgd(lr, momentum=0.9, nesterov=True),
        program="nesterov",
        torch="torch.optim.SGD",
        torch_program="nesterov",
        rate=0.03,
        torch_given={"momentum": 0.9, "nesterov": True},
    ),
    Native(
        name="adagrad",
        optax=optax.adagrad,
        program="adagrad_optax",
        torch="torch.optim.Adagrad",
        torch_program="adagrad",
        rate=0.01,
    ),
    Native(
        name="rmsprop",
        optax=optax.rmsprop,
        program="rmsprop",
        torch="torch.optim.RMSprop",
        torch_program="rmsprop_torch",
        rate=1e-3,
    ),
    Native(
        name="adadelta",
        optax=optax.adadelta,
        program="adadelta",
        torch="torch.optim.Adadelta",
        torch_program="adadelta",
        rate=1.0,
    ),
    Native(
        name="adamax",
        optax=optax.adamax,
        program="adamax",
        torch="torch.optim.Adamax",
        torch_program="adamax",
        rate=2e-3,
    ),
    Native(
        name="adam",
        optax=optax.adam,
        program="adam",
        torch="torch.optim.Adam",
        torch_program="adam",
        rate=1e-3,
    ),
    Native(
        name="nadam",
        optax=optax.nadam,
        program="nadam",
        torch="torch.optim.NAdam",
        torch_program="nadam_dozat",
        rate=2e-3,
    ),
    Native(
        name="adamw",
        optax=lambda lr: optax.adamw(lr, weight_decay=0.01),
        program="adamw_debiased",
        torch="torch.optim.AdamW",
        torch_program="adamw_debiased",
        rate=1e-3,
        given={"weight_decay": 0.01},
    ),
    Native(
        name="lion",
        optax=lambda lr: optax.lion(lr, weight_decay=0.1),
        program="lion",
        torch="lion_pytorch.Lion",
        torch_program="lion",
        rate=1e-3,
        given={"weight_decay": 0.1},
        torch_given={"weight_decay": 0.1},
    ),
)


def make_torch(native: Native, params: Any, **settings: Any) -> Any:
    """Return PyTorch's optimizer of parameters."""
    module, name = native.torch.rsplit(".", 1)
    return getattr(import_module(module), name)(params, **{"lr": native.rate, **native.torch_given, **settings})
