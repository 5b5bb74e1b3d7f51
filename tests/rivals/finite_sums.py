"""A ridge regression: a finite sum whose optimum is known, and what walks on it with a rival."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.rivals.rival import Costs, Oracle, Rival
from lionsearch.tasks import Problem
from lionsearch.tasks.spec import TaskSpec

L2 = 0.1
EXAMPLES = 40
FEATURES = 5


def make_data(examples: int = EXAMPLES, seed: int = 0) -> dict[str, np.ndarray]:
    """Return float32 inputs and targets with noise, so that no weights fit all examples."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(examples, FEATURES)) * np.geomspace(1.0, 0.3, FEATURES)
    y = x @ rng.normal(size=FEATURES) + 1.0 + rng.normal(size=examples)
    return {"x": x.astype(np.float32), "y": y.astype(np.float32)}


def ridge_loss(params: Any, batch: Any) -> jax.Array:
    """Return the mean of half the squared errors, and the penalty on all parameters."""
    error = batch["x"] @ params["slope"] + params["offset"] - batch["y"]
    return 0.5 * jnp.mean(error**2) + 0.5 * L2 * (jnp.vdot(params["slope"], params["slope"]) + params["offset"] ** 2)


@dataclass(frozen=True)
class FiniteSum:
    """The ridge regression in float64, with the offset as last parameter.

    Attributes:
        x: (examples, parameters).
        y: (examples,).
    """

    x: np.ndarray
    y: np.ndarray

    @property
    def count(self) -> int:
        return len(self.y)

    @property
    def hessian(self) -> np.ndarray:
        return self.x.T @ self.x / self.count + L2 * np.eye(self.x.shape[1])

    @property
    def optimum(self) -> np.ndarray:
        return np.linalg.solve(self.hessian, self.x.T @ self.y / self.count)

    @property
    def convexity(self) -> float:
        """mu."""
        return float(np.linalg.eigvalsh(self.hessian)[0])

    @property
    def smoothness(self) -> float:
        """L, of the example whose gradient changes fastest."""
        return float(np.max(np.sum(self.x**2, axis=1)) + L2)

    def jacobian(self, w: np.ndarray) -> np.ndarray:
        """Return each example's gradient, (parameters, examples)."""
        return (self.x * (self.x @ w - self.y)[:, None]).T + L2 * w[:, None]

    def excess(self, w: np.ndarray) -> np.ndarray:
        """Return how far the objective is above the least at weights (..., parameters)."""
        gap = w - self.optimum
        return 0.5 * np.einsum("...i,ij,...j", gap, self.hessian, gap)


def make_sum() -> FiniteSum:
    data = make_data()
    x = np.hstack([data["x"], np.ones((len(data["y"]), 1))]).astype(np.float64)
    return FiniteSum(x, data["y"].astype(np.float64))


START = {"slope": jnp.full(FEATURES, 2.0), "offset": jnp.float32(-2.0)}
START_VECTOR = np.array([2.0] * FEATURES + [-2.0])


class Walk(NamedTuple):
    """What a walk gave.

    Attributes:
        weights: (seeds, steps + 1, parameters), float64, the start included.
        gradients: (seeds, steps), asked for beside that of each step.
    """

    weights: np.ndarray
    gradients: np.ndarray

    def distances(self, optimum: np.ndarray) -> np.ndarray:
        """Return the distances (seeds, steps + 1) from the optimum, that of the start 1."""
        found = np.linalg.norm(self.weights - optimum, axis=2)
        return found / found[:, :1]


def draw_batches(seeds: int, steps: int, size: int) -> np.ndarray:
    """Return int32 (seeds, steps, size), each batch drawn anew, as theory has it, without an example twice."""
    rng = np.random.default_rng(1)
    return np.argsort(rng.random((seeds, steps, EXAMPLES)), axis=2)[:, :, :size].astype(np.int32)


def walk(rival: Rival, lr: float, batches: np.ndarray) -> Walk:
    """Return where steps of a constant length lead from `START` on batches (seeds, steps, size)."""
    data = {name: jnp.asarray(leaf) for name, leaf in make_data().items()}

    def step(carry: Any, now: Any) -> tuple[Any, Any]:
        weights, state = carry
        number, examples = now
        weights, state, costs = rival.step(make_oracle(data, weights, examples, number, lr), state)
        return (weights, state), (_flat(weights), jnp.float32(costs.gradients))

    def run(examples: jax.Array) -> Any:
        numbers = jnp.arange(examples.shape[0])
        return jax.lax.scan(step, (START, rival.init(START, EXAMPLES)), (numbers, examples))[1]

    weights, gradients = jax.device_get(jax.jit(jax.vmap(run))(jnp.asarray(batches)))
    start = np.broadcast_to(START_VECTOR, (len(batches), 1, FEATURES + 1))
    return Walk(np.concatenate([start, weights], axis=1, dtype=np.float64), gradients)


def make_oracle(data: Any, weights: Any, examples: jax.Array, step: Any, lr: float) -> Oracle:
    """Return what training would give a rival."""
    batch = jax.tree.map(lambda leaf: leaf[examples], data)
    loss, gradient = jax.value_and_grad(ridge_loss)(weights, batch)
    rate, none = jnp.float32(lr), jnp.float32(0.0)
    return Oracle(weights, loss, gradient, batch, examples, data, step, rate, none, key_of(step), ridge_loss)


def key_of(step: Any) -> jax.Array:
    """Return the random key of a step."""
    return jax.random.fold_in(jax.random.key(0), step)


def _flat(weights: Any) -> jax.Array:
    return jnp.append(weights["slope"], weights["offset"])


class Sgd:
    """Gradient descent on the batches."""

    def init(self, weights: Any, count: int) -> Any:
        del weights, count
        return ()

    def step(self, oracle: Oracle, state: Any) -> tuple[Any, Any, Costs]:
        moved = jax.tree.map(lambda w, g: w - oracle.lr * g, oracle.weights, oracle.gradient)
        return moved, state, Costs()


def fit_rate(distances: np.ndarray, end: float = 1e-4) -> float:
    """Return the factor by which a distance (steps,) falls in a step, until it is at `end`, by least squares."""
    falling = distances[: int(np.argmax(distances < end)) or len(distances)]
    return float(np.exp(np.polyfit(np.arange(len(falling)), np.log(falling), 1)[0]))


def follow(direction: Callable[..., np.ndarray], lr: float, batches: np.ndarray) -> np.ndarray:
    """Return the weights (steps + 1, parameters) of `direction(w, examples, step)` in float64, on (steps, size)."""
    w = START_VECTOR
    path = [w]
    for step, examples in enumerate(batches):
        w = w - lr * direction(w, examples, step)
        path.append(w)
    return np.array(path)


def ridge_problem() -> Problem:
    """Return the regression as a task's problem, whose metrics are the weights."""
    data = {name: jnp.asarray(leaf) for name, leaf in make_data().items()}

    def init(key: jax.Array) -> Any:
        return {"slope": 2 * jax.random.normal(key, (FEATURES,)), "offset": jnp.zeros(())}

    def metrics(params: Any, batch: Any) -> dict[str, jax.Array]:
        del batch
        return {f"w{index}": w for index, w in enumerate(_flat(params))}

    return Problem(init, ridge_loss, data, make_data(EXAMPLES, 1), make_data(EXAMPLES, 2), metrics=metrics)


def ridge_spec() -> TaskSpec:
    return TaskSpec(
        name="ridge",
        factory="finite_sums:ridge_problem",
        steps=100,
        batch=7,
        warmup=10,
        learning_rate=0.002,
        weight_decay=0.0,
    )
