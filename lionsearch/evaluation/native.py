"""A training with one program, compiled: what is trained longer than compiling takes, and what a picture is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from lionsearch.evaluation.training import Course, Outcome, build_trainer
from lionsearch.evaluation.update_rule import CompiledRule
from lionsearch.graph import remove_dead_code
from lionsearch.lang import INPUTS, Program
from lionsearch.tasks.problem import Problem


def compile_training(
    problem: Problem,
    program: Program,
    course: Course,
    schedule: np.ndarray,
    examples: tuple[Any, Any, Any],
    limits: np.ndarray,
) -> Callable[[], Outcome]:
    """Return a training as native JAX, a function without arguments; its first call compiles.

    Args:
        problem: what is trained on.
        program: dead code may be in it.
        course: what it starts from, and its batches.
        schedule: float32 (steps,), what `lr` is at each step.
        examples: the training data, the probe, and what is measured on at the end.
        limits: (chunks,), the loss on the probe above which training ends.
    """
    live = remove_dead_code(program)
    names = tuple(name for name in live.optional_inputs if not INPUTS[name].scheduled)
    train = jax.jit(build_trainer(problem, CompiledRule(live), names))
    steps = np.arange(1, len(schedule) + 1, dtype=np.float32)
    inputs = tuple(each.reshape(course.batches.shape[:2]) for each in (schedule, steps))
    settings = {name: np.float32(value) for name, value in live.settings.items()}
    return lambda: jax.device_get(train(None, settings, course, inputs, *examples, limits))


def measure_samples(problem: Problem, key: jax.Array) -> Problem:
    """Return the problem with one measure, `images`: what the trained network draws from a key.

    Args:
        problem: with `samples`.
        key: of the noise that it draws from.
    """
    samples = problem.samples
    assert samples is not None, "a problem without `samples` was asked for them"

    def draw(params: Any, *state_and_batch: Any) -> dict[str, jax.Array]:
        return {"images": samples(params, *state_and_batch[:-1], key)}

    return replace(problem, metrics=draw)
