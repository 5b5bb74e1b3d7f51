"""PyTorch optimizers -> the `run` of a peer; from its recording where a package is not installed."""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np

from lionsearch.lang import INPUTS

from .peer import Run
from .recordings import read_recording
from .trajectory import Leaves, Problem, Signals

Keywords = Callable[[SimpleNamespace], dict[str, Any]]
"""`keywords(hyperparameters)`: what the class is called with besides parameters and learning rate.

If a `weight_decay` other than 0 is among them, the optimizer does the program's weight decay. If not, the program's
decay is subtracted after each step, which is decoupled decay.
"""

_SETTINGS = dict(row.setting for row in INPUTS.values() if row.setting is not None)


class Training:
    """Parameters on their way through a problem.

    Args:
        problem: what is trained.
        settings: the hyperparameters that say how optional inputs are computed, among others.
        transposed: the parameters are the transposes of the weights, as PyTorch stores matrices.
    """

    def __init__(self, problem: Problem, settings: Mapping[str, float], transposed: bool):
        self.problem, self.t = problem, 0
        self._signals, self._transposed = Signals(problem, settings), transposed
        torch = importlib.import_module("torch")
        self.parameters = [torch.nn.Parameter(torch.tensor(self._flip(w))) for w in problem.weights]

    @property
    def weights(self) -> Leaves:
        """The present weights, copied."""
        return tuple(self._flip(parameter.detach().numpy()).copy() for parameter in self.parameters)

    def set_gradients(self) -> None:
        """Give the parameters the step's gradients at the present weights."""
        for parameter, g in zip(self.parameters, self.problem.gradient(self.t, self.weights), strict=True):
            parameter.grad = parameter.new_tensor(self._flip(g))

    def signal(self, name: str) -> list[Any]:
        """Return an optional input of programs, such as "h", as tensors."""
        values = self._signals.value(name, self.t, self.weights)
        return [p.new_tensor(self._flip(value)) for p, value in zip(self.parameters, values, strict=True)]

    def _flip(self, array: np.ndarray) -> np.ndarray:
        return array.T if self._transposed else array


def build_plainly(cls: Any, parameters: list[Any], lr: float, keywords: dict[str, Any]) -> Any:
    """Return an optimizer as most are made."""
    return cls(parameters, lr=lr, **keywords)


def step_plainly(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    """Step as most optimizers do."""
    optimizer.step()


@dataclass(frozen=True)
class Handling:
    """How an optimizer is driven where that is not as usual.

    Attributes:
        build: `build(cls, parameters, lr, keywords)` returns the optimizer.
        step: `step(optimizer, training, hyperparameters)` makes one step; the gradients are there.
        rate: `rate(lr, hyperparameters)` is what the optimizer calls its learning rate.
        transposed: it expects matrices as (out, in), where the program takes (in, out).
        within: returns a context in which it runs.
    """

    build: Callable[[Any, list[Any], float, dict[str, Any]], Any] = build_plainly
    step: Callable[[Any, Training, SimpleNamespace], None] = step_plainly
    rate: Callable[[float, SimpleNamespace], float] = lambda lr, h: lr
    transposed: bool = False
    within: Callable[[], AbstractContextManager[Any]] = nullcontext


def torch_run(program: str, by: str, keywords: Keywords, handling: Handling) -> Run:
    """Return the `run` of a row: with the optimizer if it is installed, else from its recording."""
    live = live_run(by, keywords, handling)

    def run(problem: Problem, hyperparameters: Mapping[str, float], rates: Sequence[float]) -> list[Leaves]:
        if is_installed(by):
            return live(problem, hyperparameters, rates)
        return read_recording(program, by, problem, hyperparameters, rates)

    return run


def live_run(by: str, keywords: Keywords, handling: Handling) -> Run:
    """Return a `run` that trains with the class at the path `by`, in float64."""

    def run(problem: Problem, hyperparameters: Mapping[str, float], rates: Sequence[float]) -> list[Leaves]:
        settings = {**_SETTINGS, **hyperparameters}
        h = SimpleNamespace(**hyperparameters)
        with quiet_float64(), handling.within():
            training, given = Training(problem, settings, handling.transposed), keywords(h)
            optimizer = handling.build(find_class(by), training.parameters, handling.rate(rates[0], h), given)
            decay = 0.0 if given.get("weight_decay") else hyperparameters.get("weight_decay", 0.0)
            return [_advance(optimizer, training, handling, h, (float(lr), decay)) for lr in rates]

    return run


def _advance(
    optimizer: Any, training: Training, handling: Handling, h: SimpleNamespace, rates: tuple[float, float]
) -> Leaves:
    """Train one step at a learning rate and a weight decay, and return the weights."""
    lr, decay = rates
    training.t += 1
    training.set_gradients()
    for group in optimizer.param_groups:
        group["lr"] = handling.rate(lr, h)
    before = [parameter.detach().clone() for parameter in training.parameters]
    handling.step(optimizer, training, h)
    if decay:
        for parameter, old in zip(training.parameters, before, strict=True):
            parameter.data.sub_(old, alpha=lr * decay)
    return training.weights


def is_installed(by: str) -> bool:
    """Return whether PyTorch and the package of a path are there, without importing them."""
    return find_spec("torch") is not None and find_spec(by.partition(".")[0]) is not None


def find_class(by: str) -> Any:
    """Return what a path names; from a parenthesis on it is a remark."""
    module, _, name = by.partition("(")[0].rpartition(".")
    return getattr(importlib.import_module(module), name)


@contextmanager
def quiet_float64() -> Iterator[None]:
    """Make float64 PyTorch's default, and silence what packages say and warn of."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch = importlib.import_module("torch")
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(before)
