"""Weights that a task starts from: trained once with optax's AdamW, then read from the folder of the cache."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax

from lionsearch.caching import cache_folder, write_whole
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.validation import count_examples


@dataclass(frozen=True, slots=True)
class Plan:
    """How weights are trained.

    Attributes:
        steps: training steps.
        batch: examples in a step.
        rate: peak learning rate; it rises for a tenth of the steps, and falls as a cosine.
        decay: weight decay.
        seed: of initial weights and batches.
    """

    steps: int
    batch: int
    rate: float
    decay: float = 0.1
    seed: int = 0


@dataclass(frozen=True, eq=False, slots=True)  # arrays cannot be compared
class Pretrained:
    """Trained weights.

    Attributes:
        weights: a tree of float32 arrays; trained on another processor they differ in their last digits.
        recipe: a digest of what they come from: network, plan, data, and what XLA is given to train with.
    """

    weights: Any
    recipe: str


def load_or_train(problem: Problem, plan: Plan, about: str) -> Pretrained:
    """Return trained weights.

    Args:
        problem: what they are trained on; without a state that matters.
        plan: how.
        about: what the network and the data are; with the plan and the data's digest, the key of the stored weights.
    """
    shapes, _ = Objective(problem).shapes()
    training = jax.jit(_trainer(problem, plan)).lower(problem.train)
    digest = hashlib.blake2b(f"{about}|{plan}|{shapes}|{training.as_text()}".encode(), digest_size=12)
    for leaf in jax.tree.leaves(problem.train):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    path = cache_folder() / "weights" / f"{digest.hexdigest()}.npz"
    found = _read(path, shapes)
    if found is None:
        found = jax.tree.map(np.asarray, _train(training, problem.train))
        _write(path, found)
    return Pretrained(found, digest.hexdigest())


def start_from(problem: Problem, pretrained: Pretrained) -> Problem:
    """Return the problem with these initial weights, whatever the key."""

    def init(key: jax.Array) -> tuple[Any, Any]:
        return jax.tree.map(jax.numpy.asarray, pretrained.weights), problem.init(key)[1]

    return dataclasses.replace(problem, init=init, recipe=pretrained.recipe)


def _train(training: jax.stages.Lowered, examples: Any) -> Any:
    return jax.device_get(training.compile()(examples))


def _trainer(problem: Problem, plan: Plan) -> Callable[[Any], Any]:
    """Return a function from training examples to trained weights."""
    objective, examples = Objective(problem), count_examples(problem.train)
    rates = optax.warmup_cosine_decay_schedule(0.0, plan.rate, max(plan.steps // 10, 1), plan.steps)
    optimizer = optax.adamw(rates, weight_decay=plan.decay)
    batches = np.random.default_rng(plan.seed).integers(0, examples, (plan.steps, plan.batch)).astype(np.int32)

    def train(data: Any) -> Any:
        key = jax.random.key(plan.seed)

        def step(carry: Any, now: Any) -> tuple[Any, None]:
            params, state, moments = carry
            number, chosen = now
            batch, noise = jax.tree.map(lambda leaf: leaf[chosen], data), jax.random.fold_in(key, number)
            gradients, state = jax.grad(objective.trained, has_aux=True)(params, state, batch, noise)
            updates, moments = optimizer.update(gradients, moments, params)
            return (optax.apply_updates(params, updates), state, moments), None

        params, state = objective.init(key)
        start = (params, state, optimizer.init(params))
        return jax.lax.scan(step, start, (jax.numpy.arange(plan.steps), jax.numpy.asarray(batches)))[0][0]

    return train


def _read(path: Path, shapes: Any) -> Any | None:
    """Return the weights in a file, or None if they are not there, or not those."""
    expected, structure = jax.tree.flatten(shapes)
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            leaves = [file[str(number)] for number in range(len(expected))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    fits = all(a.shape == b.shape and a.dtype == b.dtype for a, b in zip(leaves, expected, strict=True))
    return jax.tree.unflatten(structure, leaves) if fits else None


def _write(path: Path, weights: Any) -> None:
    """Keep weights; a folder that cannot be written does no harm."""
    content = io.BytesIO()
    np.savez(content, **{str(number): leaf for number, leaf in enumerate(jax.tree.leaves(weights))})
    with contextlib.suppress(OSError):
        write_whole(path, content.getvalue())
