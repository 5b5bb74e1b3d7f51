"""The problem on which programs and their peers are compared, and a way to run a program on it.

At step k the loss is a quadratic around that step's own target, so the gradient is a linear function of the weights
plus noise, both fixed for the step: an error of one step changes all later gradients. Everything is float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lionsearch.lang import Program
from lionsearch.semantics.execution import run_statements
from lionsearch.semantics.leaf_space import LeafSpace, zero_slot

Leaves = tuple[np.ndarray, ...]

SHAPES: dict[str, tuple[int, ...]] = {"matrix": (5, 3), "vector": (4,), "scalar": (), "convolution": (2, 3, 2, 4)}
STEPS = 40
CONSTANT = np.full(STEPS, 1.5)
"""A schedule: what a program gets as `lr`."""
VARYING = np.concatenate([np.linspace(0.1, 2.0, 10), 0.2 + 0.9 * (1 + np.cos(np.linspace(0.1, 3.0, STEPS - 10)))])
"""A schedule: warm-up, then decay."""


@dataclass(frozen=True)
class Problem:
    """The loss of step k, from 1, is scale (w - target)' A (w - target) / 2 + 0.1, summed over the leaves.

    Attributes:
        names: of the leaves, as in `SHAPES`.
        weights: where training starts.
        curvatures: for each leaf, the symmetric matrix A over its raveled elements; eigenvalues from 0.1 to 1.
        scales: for each step, of the curvature.
        targets: for each step, one array for each leaf.
        probes: for each step and leaf, -1 or 1 in each element, for Hutchinson's estimate.
    """

    names: tuple[str, ...]
    weights: Leaves
    curvatures: Leaves
    scales: tuple[float, ...]
    targets: tuple[Leaves, ...]
    probes: tuple[Leaves, ...]

    def loss(self, step: int, weights: Sequence[np.ndarray]) -> float:
        """Return the loss of a step's batch."""
        errors = [w - target for w, target in zip(weights, self.targets[step - 1], strict=True)]
        slopes = self._curve(step, errors)
        return 0.1 + 0.5 * sum(float(np.vdot(e, s)) for e, s in zip(errors, slopes, strict=True))

    def gradient(self, step: int, weights: Sequence[np.ndarray]) -> Leaves:
        """Return the gradient of the step's loss."""
        return self._curve(step, [w - target for w, target in zip(weights, self.targets[step - 1], strict=True)])

    def full_gradient(self, weights: Sequence[np.ndarray]) -> Leaves:
        """Return the gradient of the mean over the losses of all steps."""
        each = [self.gradient(step, weights) for step in range(1, STEPS + 1)]
        return tuple(np.mean(leaf, axis=0) for leaf in zip(*each, strict=True))

    def ahead_gradient(self, step: int, weights: Sequence[np.ndarray], rho: float) -> Leaves:
        """Return the gradient at w + rho g / ||g||."""
        gradient = self.gradient(step, weights)
        norm = np.sqrt(sum(float(np.sum(g**2)) for g in gradient))
        return self.gradient(step, [w + rho * g / norm for w, g in zip(weights, gradient, strict=True)])

    def hessian(self, step: int, weights: Sequence[np.ndarray]) -> Leaves:
        """Return z * (A z) for the step's probe, plus a little of w, so that it depends on the weights too."""
        probes = self.probes[step - 1]
        slopes = self._curve(step, probes)
        return tuple(z * s + 0.05 * w for z, s, w in zip(probes, slopes, weights, strict=True))

    def gauss_newton(self, step: int, weights: Sequence[np.ndarray]) -> Leaves:
        """Return 8 g^2, with g another batch's gradient."""
        return tuple(8 * g**2 for g in self.gradient(STEPS + 1 - step, weights))

    def _curve(self, step: int, leaves: Sequence[np.ndarray]) -> Leaves:
        scale = self.scales[step - 1]
        return tuple((scale * a @ x.ravel()).reshape(x.shape) for a, x in zip(self.curvatures, leaves, strict=True))


def make_problem(names: Sequence[str] = tuple(SHAPES)) -> Problem:
    """Return the problem with these leaves; a leaf is the same whichever others there are."""
    weights, curvatures, targets, probes = [], [], [], []
    for name in names:
        shape = SHAPES[name]
        rng = np.random.default_rng([len(name), *shape])
        size = int(np.prod(shape, dtype=int))
        weights.append(rng.standard_normal(shape))
        basis = np.linalg.qr(rng.standard_normal((size, size)))[0]
        curvatures.append(basis @ np.diag(np.geomspace(0.1, 1, size) if size > 1 else [0.7]) @ basis.T)
        targets.append(rng.standard_normal(shape) + 0.7 * rng.standard_normal((STEPS, *shape)))
        probes.append(rng.choice([-1.0, 1.0], (STEPS, *shape)))
    scales = 1 + 0.1 * np.cos(np.arange(STEPS))
    per_step = tuple(zip(*targets, strict=True)), tuple(zip(*probes, strict=True))
    return Problem(tuple(names), tuple(weights), tuple(curvatures), tuple(scales), *per_step)


def run_program(program: Program, problem: Problem, schedule: Sequence[float]) -> list[Leaves]:
    """Return the weights after each step of training with a program, each gradient taken at the current weights.

    Args:
        program: any valid program; hyperparameters take their defaults.
        problem: what to train.
        schedule: for each step, the value of the program's `lr`.
    """
    weights = problem.weights
    space = LeafSpace(np, tuple(w.shape for w in weights), np.float64)
    slots = tuple(zero_slot(kind, space.shapes, np, np.float64) for _, kind in program.state)
    signals = Signals(problem, program.settings)
    inlined = program.inline_hyperparameters()
    history: list[Leaves] = []
    with np.errstate(all="ignore"):
        for step, lr in enumerate(schedule, start=1):
            inputs = {"w": weights, "g": problem.gradient(step, weights), "lr": np.float64(lr), "t": np.float64(step)}
            inputs.update({name: signals.value(name, step, weights) for name in program.optional_inputs if name != "t"})
            inputs.update(zip(program.slots, slots, strict=True))
            update, slots = run_statements(inlined, space, inputs)
            weights = tuple(w - u for w, u in zip(weights, update, strict=True))
            history.append(weights)
    return history


class Signals:
    """Computes optional inputs of a program; holds what stays from one step to the next.

    Args:
        problem: what is trained.
        settings: the hyperparameters `hessian_every`, `anchor_every` and `rho`, as far as they are needed.
    """

    def __init__(self, problem: Problem, settings: Mapping[str, float]):
        self._problem, self._settings = problem, settings
        self._held: dict[str, Leaves] = {}

    def value(self, name: str, step: int, weights: Leaves) -> Leaves | np.float64:
        """Return an input's value at this step; steps must be asked for in order."""
        problem = self._problem
        match name:
            case "loss":
                return np.float64(problem.loss(step, weights))
            case "h":
                return self._hold(name, "hessian_every", step, problem.hessian(step, weights))
            case "h_gnb":
                return self._hold(name, "hessian_every", step, problem.gauss_newton(step, weights))
            case "g_ahead":
                return problem.ahead_gradient(step, weights, self._settings["rho"])
            case "g_anchor":
                return problem.gradient(step, self._hold("anchor", "anchor_every", step, weights))
            case "g_full":
                return problem.full_gradient(self._hold("anchor", "anchor_every", step, weights))
        raise ValueError(f"no such input: {name}")

    def _hold(self, name: str, every: str, step: int, value: Leaves) -> Leaves:
        if (step - 1) % int(self._settings[every]) == 0:
            self._held[name] = value
        return self._held[name]


def max_relative_difference(found: Sequence[Leaves], expected: Sequence[Leaves]) -> float:
    """Return the largest |found - expected| / max(1, |expected|) of all steps and elements; inf if one is not finite.

    Raises:
        ValueError: if the number of steps, the number of leaves or a shape differs.
    """
    largest = 0.0
    for ours, theirs in zip(found, expected, strict=True):
        for x, y in zip(ours, theirs, strict=True):
            x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
            if x.shape != y.shape:
                raise ValueError(f"shapes differ: {x.shape} and {y.shape}")
            if not (np.isfinite(x).all() and np.isfinite(y).all()):
                return float("inf")
            largest = max(largest, float(np.max(np.abs(x - y) / np.maximum(1.0, np.abs(y)))))
    return largest
