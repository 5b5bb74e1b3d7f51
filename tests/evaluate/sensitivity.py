"""How far float32 results may lie apart: Monte Carlo arithmetic around the NumPy oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lionsearch.evaluate.execution import run_statements
from lionsearch.evaluate.oracle import Leaves, run_oracle
from lionsearch.evaluate.spaces import LeafSpace
from lionsearch.lang import Program, Statement

_TINY = np.finfo(np.float32).tiny
_NOISE = 4 * 2.0**-23  # what XLA's own tan, tanh or power may be off by


class NoisySpace(LeafSpace):
    """Leaves in float64 where each operation's result is off by up to 8 ulps of float32.

    Numbers beyond float32's range are infinite, denormal ones zero (XLA flushes them). Without a generator each result
    is rounded correctly: noise alone never hits the 1.0 at which `arccosh` begins.
    """

    def __init__(self, rng: np.random.Generator | None):
        LeafSpace.__init__(self, np, np.float64)
        object.__setattr__(self, "rng", rng)

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """Return the noisy result."""
        result = LeafSpace.map(self, function, *values)
        return tuple(map(self.disturb, result)) if isinstance(result, tuple) else self.disturb(result)

    def tensor_dot(self, x: Any, y: Any) -> Any:
        """Return the noisy result."""
        return tuple(np.sum(self.disturb(a * b)) for a, b in zip(x, y, strict=True))

    def tree_dot(self, x: Any, y: Any) -> Any:
        """Return the noisy result."""
        return self.disturb(np.sum(self.tensor_dot(x, y)))

    def disturb(self, x: Any) -> np.ndarray:
        """Return x as a float32 implementation might have it."""
        noise: Any = 0.0
        if self.rng is not None:  # a part of it the same for all elements, as if these were equal
            noise = _NOISE * (self.rng.uniform(-1, 1) + self.rng.uniform(-1, 1, np.shape(x)))
        rounded = (np.asarray(x, np.float64) * (1 + noise)).astype(np.float32).astype(np.float64)
        return np.where(np.abs(rounded) < _TINY, 0.0, rounded)


def run_noisy(program: Program, weights: Leaves, gradients: Sequence[Leaves], lr: np.ndarray, seed: int) -> np.ndarray:
    """Return (steps, parameters): the weights after each step; rounded correctly with seed 0, else off by 8 ulps."""
    space = NoisySpace(np.random.default_rng(seed) if seed else None)
    program = spell_out(program.inline_hyperparameters())
    slots: Any = tuple(tuple(np.zeros(leaf.shape) for leaf in weights) for _ in program.slots)
    now: Any = tuple(leaf.astype(np.float64) for leaf in weights)
    history = []
    with np.errstate(all="ignore"):
        for step, (gradient, rate) in enumerate(zip(gradients, lr, strict=True), start=1):
            wide = tuple(leaf.astype(np.float64) for leaf in gradient)
            inputs = {"w": now, "g": wide, "lr": np.float64(rate), "t": np.float64(step)}
            inputs |= dict(zip(program.slots, slots, strict=True))
            update, slots = run_statements(program, space, inputs)
            now = tuple(space.disturb(w - u) for w, u in zip(now, update, strict=True))
            history.append(ravel(now))
    return np.stack(history)


def spell_out(program: Program) -> Program:
    """Return the program with operations that round in the middle as several: `interp` and `log1p` may cancel there."""
    statements: list[Statement] = []
    for statement in program.statements:
        target, arguments = statement.target, statement.arguments
        if statement.operation == "interp":
            x, y, a = arguments
            statements += [
                Statement("_rest", "subtract", (1.0, a)),
                Statement("_one", "multiply", ("_rest", x)),
                Statement("_other", "multiply", (a, y)),
                Statement(target, "add", ("_one", "_other")),
            ]
        elif statement.operation == "log1p":
            statements += [Statement("_sum", "add", (1.0, *arguments)), Statement(target, "log", ("_sum",))]
        else:
            statements.append(statement)
    return replace(program, statements=tuple(statements))


def ravel(leaves: Any) -> np.ndarray:
    """Return all numbers of a tree's leaves in one row."""
    return np.concatenate([np.ravel(leaf) for leaf in leaves])


@dataclass(frozen=True)
class Expected:
    """What the oracle says, and where float32 lets it say something.

    Attributes:
        weights: (steps, parameters), the oracle's in float32.
        spread: (steps, parameters), how far noisy runs lie from it; inf where finite and non-finite runs mix.
        steps: the number of steps before the first that is chaotic.
    """

    weights: np.ndarray
    spread: np.ndarray
    steps: int

    def agrees(self, found: np.ndarray, slack: float = 8.0, floor: float = 4e-6) -> bool:
        """Whether weights lie within the oracle's own uncertainty in all steps that are not chaotic."""
        expected, found = self.weights[: self.steps], np.asarray(found)[: self.steps]
        finite = np.isfinite(expected)
        if not np.array_equal(finite, np.isfinite(found)):
            return False
        with np.errstate(all="ignore"):
            allowed = slack * self.spread[: self.steps] + floor * (1 + np.abs(expected))
            return bool((np.abs(found - expected)[finite] <= allowed[finite]).all())


def while_finite(expected: Expected) -> Expected:
    """Return what is expected until the first weight that is not finite.

    XLA makes `y log x` of `log(x**y)` when it compiles a whole step: what overflows step by step is then finite.
    """
    broken = ~np.isfinite(expected.weights).all(axis=1)
    return replace(expected, steps=min(expected.steps, int(np.argmax(broken)))) if broken.any() else expected


def expect(program: Program, weights: Leaves, gradients: Sequence[Leaves], lr: np.ndarray, runs: int = 4) -> Expected:
    """Return the oracle's weights and their uncertainty."""
    oracle = np.stack([ravel(leaves) for leaves in run_oracle(program, weights, gradients, list(lr))])
    noisy = np.stack([run_noisy(program, weights, gradients, lr, seed) for seed in range(runs)])
    with np.errstate(all="ignore"):
        spread = np.abs(noisy - oracle).max(axis=0)
    settled = (np.isfinite(noisy) == np.isfinite(oracle)).all(axis=0)
    spread = np.where(settled, np.where(np.isfinite(oracle), spread, 0.0), np.inf)
    chaotic = (spread > 1e-4 * (1 + np.abs(np.where(np.isfinite(oracle), oracle, 0)))).any(axis=1)
    return Expected(oracle, spread, int(np.argmax(chaotic)) if chaotic.any() else len(lr))
