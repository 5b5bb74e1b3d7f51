"""The interpreter and the compiler, driven with given gradients; and a count of what XLA compiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sensitivity import ravel

from lionsearch.analysis import remove_dead_code
from lionsearch.evaluate.encoding import FIRST_SLOT_ROW, encode_program
from lionsearch.evaluate.oracle import Leaves
from lionsearch.evaluate.plan import Limits
from lionsearch.evaluate.rules import CompiledRule, InterpretedRule
from lionsearch.lang import Program

MODEL_SHAPES = ((4, 3), (5,), (), (2, 1, 3, 2))
SIZE = 30
LR = np.array([0.5, 1.0, 0.7, 0.3, 0.1], np.float32)


def draw_leaves(rng: np.random.Generator) -> Leaves:
    """Return the float32 leaves of a model with a matrix, a vector, one number and a 4-D tensor."""
    return tuple(rng.standard_normal(shape).astype(np.float32) for shape in MODEL_SHAPES)


class Interpreter:
    """Runs programs with given gradients; traced once for each number of steps."""

    def __init__(self, limits: Limits | None = None):
        self.limits = limits or Limits()
        self.traces = 0
        self._rule = InterpretedRule(draw_leaves(np.random.default_rng(0)), self.limits)
        self._run = jax.jit(self._trace)

    def __call__(
        self,
        program: Program,
        weights: Leaves,
        gradients: Sequence[Leaves],
        lr: np.ndarray = LR,
        *,
        poisoned: bool = False,
    ) -> np.ndarray:
        """Return (steps, parameters): the weights after each step.

        With `poisoned`, all rows but weights and slots are NaN before each step.
        """
        live = remove_dead_code(program)
        encoded = encode_program(live, lr, self.limits)
        rows = np.arange(self.limits.rows)
        poison = (rows > 0) & ((rows == 1) | (rows >= FIRST_SLOT_ROW + len(live.slots))) & poisoned
        stacked = tuple(np.stack(leaves) for leaves in zip(*gradients, strict=True))
        code = (encoded.instructions, encoded.length)
        return np.asarray(self._run(code, encoded.scalars, weights, stacked, poison))

    def _trace(self, code: Any, scalars: Any, weights: Any, gradients: Any, poison: Any) -> jax.Array:
        self.traces += 1

        def step(state: jax.Array, now: Any) -> tuple[jax.Array, jax.Array]:
            state = jnp.where(poison[:, None], jnp.nan, state)
            state = self._rule.step(code, state, *now)
            return state, jnp.concatenate([jnp.ravel(leaf) for leaf in self._rule.weights(state)])

        return jax.lax.scan(step, self._rule.start(weights), (gradients, scalars))[1]


def run_compiled(
    program: Program, weights: Leaves, gradients: Sequence[Leaves], lr: np.ndarray = LR, *, jitted: bool = False
) -> np.ndarray:
    """Return (steps, parameters): the weights after each step, operation by operation or with the step jitted."""
    rule = CompiledRule(remove_dead_code(program))
    step = jax.jit(rule.step) if jitted else rule.step
    state = rule.start(tuple(map(jnp.asarray, weights)))
    history = []
    for index, (gradient, rate) in enumerate(zip(gradients, lr, strict=True), start=1):
        state = step(None, state, gradient, (jnp.float32(rate), jnp.float32(index)))
        history.append(ravel(rule.weights(state)))
    return np.stack(history)


_counting: list[list[str]] = []


def _listen(event: str, duration: float, **facts: Any) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
        for found in _counting:
            found.append(event)


jax.monitoring.register_event_duration_secs_listener(_listen)


@contextmanager
def count_compilations() -> Iterator[list[str]]:
    """Give a list that grows by one with each XLA compilation."""
    found: list[str] = []
    _counting.append(found)
    try:
        yield found
    finally:
        _counting.remove(found)
