"""Small problems whose minimum is known, a rival followed step by step, and what it asked for, counted by itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial
from typing import Any, ClassVar, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from lionsearch.evaluation.rival_training import OracleInputs, RivalRule
from lionsearch.rivals.making import make_rival, resolve_rival
from lionsearch.rivals.rival import Costs, Oracle
from lionsearch.tasks.problem import Problem

DECAY = 0.1
KEY = jax.random.key(0)


class Path(NamedTuple):
    """A training, along the first axis of each leaf.

    Attributes:
        weights: before the first and after each step.
        costs: of each step, as the rival counted them.
        asked: of each step, by calls of the oracle's methods; a loss that is differentiated is a loss.
    """

    weights: Any
    costs: Costs
    asked: Costs


@cache
def logistic(examples: int = 32, features: int = 4) -> tuple[Problem, np.ndarray]:
    """Return a logistic regression with an L2 penalty, and its minimum, found by SciPy in float64."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(examples, features)) * np.linspace(0.5, 3.0, features)
    y = np.sign(x @ rng.normal(size=features) + rng.normal(size=examples))

    def loss64(w: np.ndarray) -> float:
        return float(np.mean(np.logaddexp(0, -y * (x @ w))) + DECAY / 2 * w @ w)

    def slope64(w: np.ndarray) -> np.ndarray:
        return -x.T @ (y / (1 + np.exp(y * (x @ w)))) / examples + DECAY * w

    found = minimize(loss64, np.zeros(features), jac=slope64, method="BFGS", options={"gtol": 1e-10})

    def loss(w: jax.Array, batch: Any) -> jax.Array:
        return jnp.mean(jnp.logaddexp(0, -batch["y"] * (batch["x"] @ w))) + DECAY / 2 * jnp.vdot(w, w)

    data = {"x": x.astype(np.float32), "y": y.astype(np.float32)}
    return Problem(lambda key: jnp.zeros(features), loss, data, data, data), found.x


def function(loss: Callable[[Any], jax.Array], start: Any) -> Problem:
    """Return a problem whose loss is the same on every batch."""
    data = np.zeros(4, np.float32)
    start = jax.tree.map(jnp.float32, start)
    return Problem(lambda key: start, lambda weights, batch: loss(weights) + 0 * jnp.sum(batch), data, data, data)


def whole(problem: Problem, steps: int) -> np.ndarray:
    """Return batches of all training examples."""
    count = len(jax.tree.leaves(problem.train)[0])
    return np.tile(np.arange(count, dtype=np.int32), (steps, 1))


def drawn(problem: Problem, steps: int, size: int) -> np.ndarray:
    """Return batches that go through all training examples in random orders."""
    rng, count = np.random.default_rng(1), len(jax.tree.leaves(problem.train)[0])
    orders = np.concatenate([rng.permutation(count) for _ in range(steps * size // count + 1)])
    return orders[: steps * size].reshape(steps, size).astype(np.int32)


def follow(name: str, problem: Problem, examples: np.ndarray, lr: float = 1.0) -> Path:
    """Train with a rival as the training loop does.

    Args:
        name: such as "rival:newton".
        problem: its `init` says where it starts.
        examples: int32 (steps, batch), each step's.
        lr: the learning rate of all steps.
    """
    train, counter = _trainer(name, problem)
    counter.tally = np.zeros((len(Costs._fields), len(examples)), np.float32)
    weights, costs = jax.device_get(train(jnp.asarray(examples), jnp.float32(lr)))
    jax.effects_barrier()
    asked = Costs(*counter.tally)._replace(gradients=1 + counter.tally[0])
    weights = jax.tree.map(lambda first, rest: np.concatenate([first[None], rest]), problem.init(KEY), weights)
    return Path(weights, jax.tree.map(lambda total: np.diff(total, prepend=np.float32(0)), costs), asked)


@cache
def _trainer(name: str, problem: Problem) -> tuple[Callable[..., Any], _Counter]:
    """Return `train(examples, lr) -> (weights, costs)` after each step, compiled once, and what counts its calls."""
    count = len(jax.tree.leaves(problem.train)[0])
    rule, given = RivalRule(make_rival(resolve_rival(name)), count), OracleInputs(problem)
    params, data = problem.init(KEY), jax.tree.map(jnp.asarray, problem.train)
    counter = _Counter()

    @jax.jit
    def train(examples: jax.Array, lr: jax.Array) -> Any:
        def move(carry: Any, now: Any) -> Any:
            (state, carried), (number, chosen) = carry, now
            batch = jax.tree.map(lambda leaf: leaf[chosen], data)
            gradients, extra, carried = given.compute(carried, state.params, batch, data, KEY, number, {})
            state = rule.step(jnp.float32(0), state, gradients, (lr, chosen), extra)
            return (state, carried), (state.params, state.costs)

        with counter.counting():
            start, steps = (rule.start(params), given.start(params)), jnp.arange(len(examples))
            return jax.lax.scan(move, start, (steps, examples))[1]

    return train, counter


class _Counter:
    """Counts what is asked of oracles, in evaluations on a batch; what they ask of themselves does not count."""

    _KINDS: ClassVar = {"gradient_at": (0, 1), "full_gradient": (0, 1), "loss_at": (1, 1), "product": (2, 2)}
    """Which of the costs a method is, and where it gets its batch."""

    def __init__(self) -> None:
        self.tally: np.ndarray = np.zeros((3, 0), np.float32)
        self._depth = 0

    def counting(self) -> ExitStack:
        """Have compiled code count what is traced in here."""
        stack = ExitStack()
        for name in self._KINDS:
            stack.enter_context(mock.patch.object(Oracle, name, self._counted(name)))
        return stack

    def _counted(self, name: str) -> Callable[..., Any]:
        original = getattr(Oracle, name)
        kind, place = self._KINDS[name]

        def add(step: Any, batches: float) -> None:
            self.tally[kind, int(step)] += batches

        def call(oracle: Oracle, *given: Any) -> Any:
            batch = oracle.data if name == "full_gradient" else next(iter(given[place:]), None)
            batches = 1.0 if batch is None else len(jax.tree.leaves(batch)[0]) / oracle.size
            if self._depth == 0:
                jax.debug.callback(partial(add, batches=batches), oracle.step)
            self._depth += 1
            try:
                return original(oracle, *given)
            finally:
                self._depth -= 1

        return call
