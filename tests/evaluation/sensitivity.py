"""How far float32 results may lie apart: Monte Carlo arithmetic around the NumPy oracle."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from steps import Steps

from lionsearch.graph import remove_dead_code
from lionsearch.lang import OPERATIONS, Kind, Program, Statement
from lionsearch.semantics.execution import run_statements
from lionsearch.semantics.leaf_space import LeafSpace, Shapes, leaf_shapes, zero_slot
from lionsearch.semantics.oracle import run_oracle

_TINY = np.finfo(np.float32).tiny
_ULP = 2.0**-23
_NOISE = 4 * _ULP  # what XLA's own tan, tanh or power may be off by
_SPECTRAL = {OPERATIONS[name].per_matrix for name in ("orthogonalize", "inverse_root", "eigenvectors", "orthonormal")}
_EIGENVECTORS, _ORTHONORMAL = (OPERATIONS[name].per_matrix for name in ("eigenvectors", "orthonormal"))
_CHOICES = (
    *("copy", "negative", "abs", "sign", "maximum", "minimum", "where", "clamp"),
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
)
_ARITHMETIC = ("add", "subtract", "multiply", "invert", "square", "cube", "mod")
_EXACT = {OPERATIONS[name].elementwise: "nowhere" for name in _CHOICES} | {
    OPERATIONS[name].elementwise: "fractions" for name in _ARITHMETIC
}


class NoisySpace(LeafSpace):
    """Leaves in float64 where each operation's result is off by up to 8 ulps of float32.

    Numbers beyond float32's range are infinite, denormal ones zero (XLA flushes them). Without a generator each result
    is rounded correctly: noise alone never hits the 1.0 at which `arccosh` begins. What rounds nothing has no noise:
    choices, and arithmetic of integers, without which `t % 10 == 0` would never hold. What is summed is noisy before
    the sum, which may cancel, in each matrix product too. Decompositions are only as exact as their matrix is large:
    their arguments are off by up to an ulp of the largest element besides. Eigenvectors, which have no sign of their
    own, have a random one, and a basis that is not unique is nonsense.
    """

    def __init__(self, shapes: Shapes, rng: np.random.Generator | None):
        LeafSpace.__init__(self, np, shapes, np.float64)
        object.__setattr__(self, "rng", rng)

    def map(self, function: Callable[..., Any], *values: Any) -> Any:
        """Return the noisy result."""
        noise = _EXACT.get(function, "everywhere")
        return self._disturb_all(LeafSpace.map(self, function, *values), noise)

    def tensor_dot(self, x: Any, y: Any) -> Any:
        """Return the noisy result."""
        return tuple(np.sum(self.disturb(a * b)) for a, b in zip(x, y, strict=True))

    def tree_dot(self, x: Any, y: Any) -> Any:
        """Return the noisy result."""
        return self.disturb(np.sum(self.tensor_dot(x, y)))

    def each_tensor(self, function: Callable[..., Any], x: Any) -> Any:
        """Return the noisy result."""
        return self._disturb_all(LeafSpace.each_tensor(self, function, self._disturb_all(x)))

    def each_matrix(self, function: Callable[..., Any], kinds: Sequence[Kind], result: Kind, *values: Any) -> Any:
        """Return the noisy result."""

        def compute(_: Any, *matrices: Any) -> Any:
            noisy = [self.disturb(x, whole=function in _SPECTRAL) for x in matrices]
            found = self.disturb(function(_NoisyProducts(self), *noisy))
            if function in (_EIGENVECTORS, _ORTHONORMAL) and self.rng is not None:
                signs = (-1.0, 1.0) if function is _EIGENVECTORS else (1.0,)
                found = found * self.rng.choice(signs, (*found.shape[:-2], 1, found.shape[-1]))
                found = np.where(_is_ambiguous(function, matrices[0]), self.rng.choice((0.0, 1.0), found.shape), found)
            return found

        return LeafSpace.each_matrix(self, compute, kinds, result, *values)

    def disturb(self, x: Any, where: str = "everywhere", *, whole: bool = False) -> np.ndarray:
        """Return x as a float32 implementation might have it.

        Args:
            x: the exact result.
            where: "everywhere", "fractions" (all numbers but integers) or "nowhere" is the noise.
            whole: whether x is only as exact as its largest element.
        """
        x = np.asarray(x, np.float64)
        return _round(x if self.rng is None or where == "nowhere" else self._add_noise(x, where, whole))

    def _add_noise(self, x: np.ndarray, where: str, whole: bool = False, sizes: Sequence[int] = ()) -> np.ndarray:
        """Return x with noise, in part the same for all elements, as if these were equal.

        Args:
            x: see `disturb`.
            where: see `disturb`.
            whole: see `disturb`.
            sizes: of the parts of a row x; what is the same for all elements is so within each part.
        """
        assert self.rng is not None
        common = np.repeat(self._draw(len(sizes)), sizes) if sizes else self._draw()
        noisy = x * (1 + _NOISE * (common + self._draw(x.shape)))
        if whole and x.ndim > 1:
            noisy = noisy + _ULP * np.abs(x).max(axis=(-2, -1), keepdims=True) * self._draw(x.shape)
        return noisy if where == "everywhere" else np.where(x != np.round(x), noisy, x)

    def _draw(self, shape: Any = None) -> Any:
        """Return numbers between -1 and 1."""
        assert self.rng is not None
        return 2 * self.rng.random(shape) - 1

    def _disturb_all(self, values: Any, where: str = "everywhere") -> Any:
        """Disturb all leaves, as one row: most of the time goes into calls of NumPy."""
        if not isinstance(values, tuple):
            return self.disturb(values, where)
        shapes = [np.shape(value) for value in values]
        sizes = [math.prod(shape) for shape in shapes]
        row = ravel(values).astype(np.float64)
        row = _round(row if self.rng is None or where == "nowhere" else self._add_noise(row, where, sizes=sizes))
        ends = itertools.accumulate(sizes)
        return tuple(row[end - n : end].reshape(shape) for end, n, shape in zip(ends, sizes, shapes, strict=True))


def _round(x: np.ndarray) -> np.ndarray:
    """Return what float32 has of x, denormal numbers excepted."""
    rounded = x.astype(np.float32).astype(np.float64)
    return np.where(np.abs(rounded) < _TINY, 0.0, rounded)


def _is_ambiguous(function: Any, x: np.ndarray) -> np.ndarray:
    """Whether the eigenvectors, or Q, of each matrix hang on rounding: an eigenvalue comes twice, or x is singular."""
    x = np.where(np.isfinite(x), x, 0.0)
    if function is _EIGENVECTORS:
        gaps = np.diff(np.linalg.eigvalsh(x + np.swapaxes(x, -2, -1)), axis=-1)
    else:
        gaps = np.linalg.svd(x, compute_uv=False)
    return (gaps.min(axis=-1, initial=np.inf) < 1e-5 * np.abs(x).max(axis=(-2, -1)))[..., None, None]


@dataclass(frozen=True)
class _NoisyProducts:
    """NumPy, but for the noise of matrix products: Newton-Schulz makes many of them."""

    space: NoisySpace

    def matmul(self, x: Any, y: Any) -> np.ndarray:
        return self.space.disturb(np.matmul(self.space.disturb(x), self.space.disturb(y)))

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def run_noisy(program: Program, steps: Steps, seed: int) -> np.ndarray:
    """Return (steps, parameters): the weights after each step; rounded correctly with seed 0, else off by 8 ulps."""
    space = NoisySpace(leaf_shapes(steps.weights), np.random.default_rng(seed) if seed else None)
    program = spell_out(remove_dead_code(program).inline_hyperparameters())
    slots: Any = tuple(zero_slot(kind, space.shapes, np, np.float64) for _, kind in program.state)
    now = _widen(steps.weights)
    history = []
    with np.errstate(all="ignore"):
        given = zip(steps.gradients, steps.lr, steps.extra, strict=True)
        for step, (gradient, rate, extra) in enumerate(given, start=1):
            inputs = {"w": now, "g": _widen(gradient), "lr": np.float64(rate), "t": np.float64(step)} | _widen(extra)
            inputs |= dict(zip(program.slots, slots, strict=True))
            update, slots = run_statements(program, space, inputs)
            now = tuple(space.disturb(w - u) for w, u in zip(now, update, strict=True))
            history.append(ravel(now))
    return np.stack(history)


def _widen(tree: Any) -> Any:
    return jax.tree.map(lambda x: x.astype(np.float64), tree)


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


def expect(program: Program, steps: Steps, runs: int = 4) -> Expected:
    """Return the oracle's weights and their uncertainty."""
    found = run_oracle(program, steps.weights, steps.gradients, list(steps.lr), steps.extra)
    oracle = np.stack([ravel(leaves) for leaves in found])
    noisy = np.stack([run_noisy(program, steps, seed) for seed in range(runs)])
    with np.errstate(all="ignore"):
        spread = np.abs(noisy - oracle).max(axis=0)
    settled = (np.isfinite(noisy) == np.isfinite(oracle)).all(axis=0)
    spread = np.where(settled, np.where(np.isfinite(oracle), spread, 0.0), np.inf)
    chaotic = (spread > 1e-4 * (1 + np.abs(np.where(np.isfinite(oracle), oracle, 0)))).any(axis=1)
    return Expected(oracle, spread, int(np.argmax(chaotic)) if chaotic.any() else len(oracle))
