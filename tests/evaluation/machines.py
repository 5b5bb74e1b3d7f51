"""The interpreter and the compiler, driven with given gradients; and a count of what XLA compiles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sensitivity import ravel
from steps import Steps, draw_leaves

from lionsearch.evaluation.encoding import encode_program
from lionsearch.evaluation.machine import Machine, machine_for
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.update_rule import CompiledRule, InterpretedRule
from lionsearch.graph import remove_dead_code
from lionsearch.lang import Program

LIMITS = Limits()
CHUNK = 5
"""Steps that are compiled; runs of any multiple share the compilation."""


class Interpreter:
    """Runs programs with given gradients and inputs on one machine; traced once, for `CHUNK` steps at a time."""

    def __init__(self, machine: Machine):
        self.machine = machine
        self.traces = 0
        self._rule = InterpretedRule(draw_leaves(np.random.default_rng(0)), machine)
        self._start, self._run = jax.jit(self._rule.start), jax.jit(self._trace)

    def __call__(self, program: Program, steps: Steps, *, poisoned: bool = False) -> np.ndarray:
        """Return (steps, parameters): the weights after each step.

        With `poisoned`, all rows but weights and slots are NaN before each step.
        """
        live = remove_dead_code(program)
        encoded = encode_program(live, steps.lr, self.machine)
        rows = np.arange(self.machine.rows)
        first, last = self.machine.first_slot, self.machine.first_slot + len(live.slots)
        poison = (rows > 0) & ((rows < first) | (rows >= last)) & poisoned
        extra = [{name: each[name] for name in self.machine.inputs} for each in steps.extra]
        given = jax.tree.map(lambda *x: np.stack(x), *zip(steps.gradients, encoded.scalars, extra, strict=True))
        state, history = self._start(steps.weights), []
        for start in range(0, len(steps.lr), CHUNK):
            chunk = jax.tree.map(lambda x, at=start: x[at : at + CHUNK], given)
            state, weights = self._run((encoded.instructions, encoded.length), state, chunk, poison)
            history.append(weights)
        return np.concatenate(history)

    def _trace(self, code: Any, state: Any, given: Any, poison: Any) -> tuple[jax.Array, jax.Array]:
        self.traces += 1

        def step(state: jax.Array, now: Any) -> tuple[jax.Array, jax.Array]:
            state = jnp.where(poison[:, None], jnp.nan, state)
            state = self._rule.step(code, state, *now)
            return state, jnp.concatenate([jnp.ravel(leaf) for leaf in self._rule.weights(state)])

        return jax.lax.scan(step, state, given)


@cache
def interpreter_of(machine: Machine) -> Interpreter:
    """Return the interpreter of a machine, compiled once for all tests."""
    return Interpreter(machine)


def interpret(program: Program, steps: Steps, *, poisoned: bool = False) -> np.ndarray:
    """Return (steps, parameters): the weights after each step, by the smallest machine that can run the program."""
    machine = machine_for(remove_dead_code(program), LIMITS)
    return interpreter_of(machine)(program, steps, poisoned=poisoned)


def run_compiled(program: Program, steps: Steps, *, jitted: bool = False) -> np.ndarray:
    """Return (steps, parameters): the weights after each step, operation by operation or with the step jitted."""
    live = remove_dead_code(program)
    rule = CompiledRule(live)
    step = jax.jit(rule.step) if jitted else rule.step
    state = rule.start(tuple(map(jnp.asarray, steps.weights)))
    history = []
    for index, (gradient, rate, given) in enumerate(zip(steps.gradients, steps.lr, steps.extra, strict=True), start=1):
        extra = {name: given[name] for name in live.optional_inputs if name in given}
        state = step(None, state, gradient, (jnp.float32(rate), jnp.float32(index)), extra)
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
