"""How particular PyTorch optimizers are called, built and stepped."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from .peer import Peer
from .torch_runs import Handling, Keywords, Training, find_class, torch_run


def torch_row(program: str, by: str, keywords: Keywords, changed: dict[str, float], **facts: Any) -> Peer:
    """Return a row; `by` is the path of the class, and what a parenthesis adds to it."""
    run = torch_run(program, by, keywords, facts.pop("handling", Handling()))
    return Peer(program, by, run, changed, **facts)


def use(**given: Any) -> Keywords:
    """Return the keywords of a class: a text names a hyperparameter, or several of a tuple; all else is a constant."""

    def value(h: SimpleNamespace, what: Any) -> Any:
        if not isinstance(what, str):
            return what
        values = tuple(getattr(h, name) for name in what.split())
        return values if len(values) > 1 else values[0]

    return lambda h: {name: value(h, what) for name, what in given.items()}


def use_adam(**more: Any) -> Keywords:
    """Return the keywords of a relative of Adam."""
    return use(**{"betas": "b1 b2", "eps": "eps", **more})


def build_around(inner: str, *of_wrapper: str) -> Any:
    """Return what builds a wrapper of an optimizer, which gets all keywords but the wrapper's."""

    def build(cls: Any, parameters: list[Any], lr: float, keywords: dict[str, Any]) -> Any:
        outer = {name: keywords[name] for name in of_wrapper}
        rest = {name: value for name, value in keywords.items() if name not in outer}
        return cls(find_class(inner)(parameters, lr=lr, **rest), **outer)

    return build


def build_with_class(inner: str) -> Any:
    """Return what builds a wrapper that takes an optimizer's class."""
    return lambda cls, parameters, lr, keywords: cls(parameters, find_class(inner), lr=lr, **keywords)


def build_sgd(cls: Any, parameters: list[Any], lr: float, keywords: dict[str, Any]) -> Any:
    """Build gradient descent, for a row about something else."""
    return find_class("torch.optim.SGD")(parameters, lr=lr)


def build_scheduled(cls: Any, parameters: list[Any], lr: float, keywords: dict[str, Any]) -> Any:
    """Build gradient descent, and a schedule from 1 that `step_scheduled` multiplies its rates by."""
    sgd = build_sgd(cls, parameters, lr, {})
    sgd.clock = find_class("torch.optim.SGD")([parameters[0].new_zeros(())], lr=1.0)
    sgd.schedule = cls(sgd.clock, **keywords)
    return sgd


def build_from_module(cls: Any, parameters: list[Any], lr: float, keywords: dict[str, Any]) -> Any:
    """Build an optimizer that takes a module, for the names of its parameters."""
    return cls(importlib.import_module("torch").nn.ParameterList(parameters), lr=lr, **keywords)


def step_in_train_mode(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    """Step with an optimizer that has a mode for training."""
    optimizer.train()
    optimizer.step()


def step_with_hessian(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    """Step with the diagonal of the Hessian as an argument where it is new."""
    diagonal = training.signal("h")
    fresh = (training.t - 1) % getattr(h, "hessian_every", 1) == 0
    optimizer.step(hessian=diagonal if fresh else None)


def step_with_closure(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    """Step with a function that computes the gradients anew."""
    optimizer.step(training.set_gradients)


def step_scheduled(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    """Step with what `build_scheduled` returns."""
    for group in optimizer.param_groups:
        group["lr"] *= optimizer.clock.param_groups[0]["lr"]
    optimizer.step()
    optimizer.clock.step()
    optimizer.schedule.step()


def step_with_scaled_eps(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    """Step with eps times sqrt(1 - b2^t), which is eps after the bias correction where the class adds it before."""
    for group in optimizer.param_groups:
        group["eps"] = h.eps * (1 - h.b2**training.t) ** 0.5
    optimizer.step()


@contextmanager
def in_float64() -> Iterator[None]:
    """Leave out the casts to narrower floats that some optimizers make."""
    torch = importlib.import_module("torch")
    with (
        patch.object(torch.Tensor, "bfloat16", lambda tensor: tensor),
        patch.object(torch.Tensor, "float", lambda tensor: tensor),
        patch.object(torch, "bfloat16", torch.float64),
        patch.object(torch, "float32", torch.float64),
    ):
        yield
