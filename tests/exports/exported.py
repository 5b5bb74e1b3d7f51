"""Runs the function of an exported file, on the leaves of a small model in float64."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from lionsearch.exports.clock import CLOCK, with_own_clocks
from lionsearch.exports.helpers import helper_texts
from lionsearch.exports.naming import public_names
from lionsearch.exports.rule import uses_matrices, write_rule
from lionsearch.graph.lowering import AXES, SHARED_CLOCK, lower
from lionsearch.lang import INPUTS, Kind, Program
from lionsearch.semantics.oracle import Leaves, run_oracle, zero_slot

Shapes = tuple[tuple[int, ...], ...]
SHAPES: Shapes = ((4, 3), (5,), (), (2, 1, 3, 2))
RATES = (0.5, 1.0, 0.7, 0.3)
_TREES = ("h", "h_gnb", "g_ahead", "g_anchor", "g_full")
_SQUARES = (Kind.LEFT, Kind.RIGHT)


def draw(seed: int, steps: int = len(RATES), shapes: Shapes = SHAPES) -> SimpleNamespace:
    """Return weights, gradients with some zeros, and every other input, for each step."""
    rng = np.random.default_rng(seed)

    def leaves() -> Leaves:
        return tuple(rng.standard_normal(shape) for shape in shapes)

    gradients = [leaves() for _ in range(steps)]
    for gradient in gradients:
        gradient[0][0, 0] = 0.0
    extra = [{"loss": np.float64(rng.uniform(0.5, 2)), **{name: leaves() for name in _TREES}} for _ in range(steps)]
    for given in extra:
        given["h_gnb"] = tuple(x * x for x in given["h_gnb"])
    return SimpleNamespace(weights=leaves(), gradients=gradients, extra=extra)


def expected_weights(program: Program, data: SimpleNamespace, rate: float) -> list[Leaves]:
    """Return the weights after each step, by the oracle, at learning rates that act.

    The program runs as it stands, `lr_scale` and all: where an export takes that for part of the learning rate, the
    oracle's is the smaller.
    """
    scale = lower(program).scale or 1.0
    rates = [rate / scale * each for each in RATES[: len(data.gradients)]]
    return run_oracle(program, data.weights, data.gradients, rates, data.extra)


def run_module(text: str, name: str) -> ModuleType:
    """Return the module that an exported file is."""
    module = ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
    return module


def rule_weights(program: Program, data: SimpleNamespace, rate: float, torch: Any = None) -> list[Leaves]:
    """Return the weights after each step, by the function `_train` of an exported file.

    Args:
        program: any valid program.
        data: what `draw` gives.
        rate: learning rate, times that of each step.
        torch: the module, for PyTorch's rule; else it is JAX's, run by NumPy, which is fast.
    """
    lowered = lower(program)
    names = {**public_names(lowered), SHARED_CLOCK: "steps"}
    lowered = with_own_clocks(lowered) if torch else lowered
    program = lowered.program
    rule = write_rule(lowered, torch=torch is not None, names=names)
    train = _load_train(rule, torch)
    convert = torch.tensor if torch else np.asarray
    matrices, history, weights = uses_matrices(lowered), [], data.weights
    state = {name: zero_slot(kind, SHAPES, np, np.float64) for name, kind in program.state}
    given: dict[str, Any] = dict(program.hyperparameters)
    with np.errstate(all="ignore"):
        for step, gradient in enumerate(data.gradients, start=1):
            values = {"w": weights, "g": gradient, "lr": rate * RATES[step - 1], "t": np.float64(step)}
            values |= {**given, **data.extra[step - 1], **state, AXES: tuple(float(w.ndim) for w in weights)}
            values |= {CLOCK: [step] * len(weights), SHARED_CLOCK: np.float64(step)} if torch else {}
            kinds = {**dict(program.state), **{name: row.kind for name, row in INPUTS.items()}}
            arguments = {}
            for name, shown in rule.names.items():
                value = values[name]
                if isinstance(value, tuple) and name != AXES:
                    value = [convert(_as_matrix(x, kinds[name]) if matrices else x) for x in value]
                elif not isinstance(value, list) and name not in (*given, "lr", AXES):
                    value = convert(value)
                arguments[shown] = value
            made = train(**arguments)
            rows, numbers = made if rule.has_numbers else (made, ())
            columns = list(zip(*rows, strict=True))
            weights = _subtract(weights, columns[0])
            state = _next_state(program, columns[1:], list(numbers))
            history.append(weights)
    return history


def _load_train(rule: Any, torch: Any) -> Any:
    texts = helper_texts(rule.helpers, "torch" if torch else "jax")
    source = "\n\n".join([rule.function(), *texts])
    module = ModuleType("rule")
    module.__dict__.update({"jnp": np, "torch": torch, "Any": Any})
    exec(source, module.__dict__)
    return module.__dict__["_train"]


def _as_matrix(x: np.ndarray, kind: Kind) -> np.ndarray:
    return x[..., None, None] if x.ndim < 2 and kind not in (*_SQUARES, Kind.PER_TENSOR) else x


def _subtract(weights: Leaves, update: Any) -> Leaves:
    return tuple(w - np.asarray(u).reshape(w.shape) for w, u in zip(weights, update, strict=True))


def _next_state(program: Program, columns: list[Any], numbers: list[Any]) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for name, kind in program.state:
        if kind is Kind.SCALAR:
            state[name] = np.float64(numbers.pop(0))
            continue
        start = zero_slot(kind, SHAPES, np, np.float64)
        state[name] = tuple(np.asarray(x).reshape(y.shape) for x, y in zip(columns.pop(0), start, strict=True))
    return state


def largest_difference(found: list[Leaves], expected: list[Leaves]) -> float:
    """Return the largest difference, relative where numbers are above 1; inf where only one of two is finite."""
    largest = 0.0
    for ours, theirs in zip(found, expected, strict=True):
        for x, y in zip(ours, theirs, strict=True):
            both = np.isfinite(x) & np.isfinite(y)
            if not np.array_equal(np.isfinite(x), np.isfinite(y)):
                return float("inf")
            if both.any():
                largest = max(largest, float(np.max(np.abs(x[both] - y[both]) / np.maximum(1, np.abs(y[both])))))
    return largest
