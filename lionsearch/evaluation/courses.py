"""What the trainings on a task go over: the examples, and for each seed its weights, batches and random numbers."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from lionsearch.evaluation.training import Course
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.spec import TaskSpec
from lionsearch.tasks.validation import count_examples

_SIGNALS = 2_000_000_011
"""Sets the random numbers of training apart from those of the initial weights."""

_PROBED = 100
"""Examples that a probe should have."""


class Courses:
    """All programs train on the same ones.

    Args:
        problem: the task's model and data.
        spec: how the task is trained.
    """

    def __init__(self, problem: Problem, spec: TaskSpec):
        self._problem, self._spec = problem, spec
        self._data, self._splits = jax.device_put((problem.train, self._measured()))
        self._init = jax.jit(Objective(problem).init)
        self._made: dict[int, Course] = {}

    def of_seed(self, seed: int) -> Course:
        """Return a seed's initial weights and model's state, batches and key of random numbers."""
        if seed not in self._made:
            params, model = self._init(jax.random.key(seed))
            key = jax.random.fold_in(jax.random.key(seed), _SIGNALS)
            batches, key = jax.device_put((self._draw_batches(seed), key))
            self._made[seed] = Course(params, batches, key, model)
        return self._made[seed]

    def split(self, name: str) -> Any:
        """Return the examples that a loss is measured on: those of "validation", "test" or "probe"."""
        return self._splits[name]

    def examples(self, split: str) -> tuple[Any, Any, Any]:
        """Return the training examples, the probe, and the examples that the final loss is measured on."""
        return self._data, self._splits["probe"], self._splits[split]

    def _measured(self) -> dict[str, Any]:
        """Return the splits that a loss is measured on.

        The probe is an eighth of the validation split; of a small one more, up to a quarter, so that it says something.
        """
        count = count_examples(self._problem.validation)
        few = max(1, min(count // 4, max(count // 8, _PROBED)))
        return {
            "validation": self._problem.validation,
            "test": self._problem.test,
            "probe": jax.tree.map(lambda leaf: leaf[:few], self._problem.validation),
        }

    def _draw_batches(self, seed: int) -> np.ndarray:
        """Return int32 (chunks, steps per chunk, batch): epochs without replacement, reshuffled each time."""
        spec, rng = self._spec, np.random.default_rng([seed, 1])
        examples = count_examples(self._problem.train)
        per_epoch = examples // spec.batch
        epochs = -(-spec.steps // per_epoch)
        drawn = [rng.permutation(examples)[: per_epoch * spec.batch] for _ in range(epochs)]
        batches = np.concatenate(drawn).reshape(-1, spec.batch)[: spec.steps]
        return batches.reshape(spec.chunks, -1, spec.batch).astype(np.int32)
