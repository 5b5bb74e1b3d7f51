"""`python -m lionsearch.rivals.meta_training`: trains the learned optimizer on small networks -> `lstm_weights.npz`.

Small copies of proxy tasks are trained with the network, over and over, with other weights, batches and numbers of
steps. After every 20 steps of a training the network is changed to lower the loss in them: truncated backpropagation
through training, Andrychowicz et al. 2016, arXiv 1606.04474, section 2; that gradients depend on the network is left
out, as there. The loss is of training examples that are not trained on, and its logarithm is what is lowered, so that
tasks and the ends of trainings weigh alike. Gradients are multiplied by a random number that is constant within a
training, so that the network does not rely on their sizes (after the random scaling of Lv et al. 2017, arXiv
1703.03633, section 4.1, which scales the weights). In the first quarter the outputs are also drawn towards Adam's
updates, less and less (Chen et al. 2020, arXiv 2010.09089, section 3.3). No validation or test examples are used.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

from lionsearch.rivals.lstm import WEIGHTS, Network, apply_network, init_network, init_state, save_network
from lionsearch.tasks import factories
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.validation import count_examples

UNROLL = 20
"""Steps through which gradients go; section 3 of the paper."""

LENGTHS = (60, 400)
"""The fewest and the most steps of a training."""

_COPIES = 2
"""Trainings at once, with other weights and batches."""

_RATE = 0.01
"""The learning rate at the top of the schedule."""

_BATCH = 32
_LARGEST_SCALE = 3.0
_SHARE = 0.75
"""Of the training examples, that are trained on; the loss that is lowered is of the others."""

_LEAST_LOSS = 0.1
"""Added to a loss before its logarithm is taken, so that a loss of almost nothing counts little."""

_IMITATION = 10.0
"""Weight at the start of how far the outputs are from Adam's updates."""


class Training(NamedTuple):
    """Trainings of one task, alike but for their random numbers.

    Attributes:
        weights: (copies, coordinates).
        state: the network's, (copies, ...).
        moments: (2, copies, coordinates), Adam's.
        scale: (), what gradients are multiplied by.
        step: how many were made.
        length: how many there will be.
        key: of random numbers.
    """

    weights: jax.Array
    state: jax.Array
    moments: jax.Array
    scale: jax.Array
    step: jax.Array
    length: jax.Array
    key: jax.Array


def tasks() -> dict[str, Problem]:
    """Return the tasks that are trained on: a few hundred parameters each."""
    return {
        "digits_mlp": factories.digits_mlp(width=8),
        "digits_rnn": factories.digits_rnn(width=8),
        "teacher_student": factories.teacher_student(inputs=16, width=16),
    }


class MetaTask:
    """One task as the network is trained on it.

    Args:
        problem: whose measured loss is differentiable, and whose model has no state that training changes.
        copies: trainings at once.
        rate: the learning rate at the top of the schedule.
    """

    def __init__(self, problem: Problem, copies: int = _COPIES, rate: float = _RATE):
        self._objective, self._copies, self._rate = Objective(problem), copies, rate
        self._examples = count_examples(problem.train)
        self._trained_on = int(_SHARE * self._examples)
        self._data = jax.tree.map(jnp.asarray, problem.train)
        params, self._model = self._objective.init(jax.random.key(0))
        _, self._unravel = ravel_pytree(params)
        self.begin = jax.jit(self._begin)
        self.slope = jax.jit(jax.value_and_grad(self._unroll, has_aux=True))
        self.unroll = jax.jit(self._unroll)

    def _begin(self, network: Network, key: jax.Array) -> Training:
        """Return new trainings."""
        of_weights, of_scale, of_length, key = jax.random.split(key, 4)
        keys = jax.random.split(of_weights, self._copies)
        weights = jax.vmap(lambda each: ravel_pytree(self._objective.init(each)[0])[0])(keys)
        state = jnp.stack([init_state(network, weights.shape[1])] * self._copies)
        largest = math.log(_LARGEST_SCALE)
        scale = jnp.exp(jax.random.uniform(of_scale, minval=-largest, maxval=largest))
        fewest, most = (math.log(length / UNROLL) for length in LENGTHS)
        length = UNROLL * jnp.round(jnp.exp(jax.random.uniform(of_length, minval=fewest, maxval=most)))
        moments = jnp.zeros((2, *weights.shape))
        return Training(weights, state, moments, scale, jnp.int32(0), length.astype(jnp.int32), key)

    def _unroll(
        self, network: Network, training: Training, imitation: jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, Training]]:
        """Return what is lowered; and the mean logarithm of the loss in the next 20 steps, the trainings after them.

        Args:
            network: that trains.
            training: how far trainings are.
            imitation: weight of the mean square of what the outputs differ by from Adam's updates.
        """

        def step(carry: tuple[jax.Array, ...], number: jax.Array) -> tuple[tuple[jax.Array, ...], Any]:
            weights, state, moments = carry
            keys = jax.random.split(jax.random.fold_in(training.key, number), 2 * self._copies)
            gradients = jax.lax.stop_gradient(
                jax.vmap(jax.grad(self._loss))(weights, self._draw(keys, trained_on=True))
            )
            output, state = jax.vmap(partial(apply_network, network))(training.scale * gradients, state)
            update, moments = _adam(gradients, moments, number)
            weights = weights + self._rate * _schedule(number, training.length) * output
            losses = jax.vmap(self._loss)(weights, self._draw(keys, trained_on=False))
            measured = jnp.mean(jnp.log(losses + _LEAST_LOSS)), jnp.mean((output - update) ** 2)
            return (weights, state, moments), measured

        start = training.weights, training.state, training.moments
        (weights, state, moments), measured = jax.lax.scan(step, start, training.step + jnp.arange(UNROLL))
        loss, difference = (jnp.mean(each) for each in measured)
        after = training._replace(weights=weights, state=state, moments=moments, step=training.step + UNROLL)
        return loss + imitation * difference, (loss, after)

    def _loss(self, weights: jax.Array, examples: jax.Array) -> jax.Array:
        batch = jax.tree.map(lambda leaf: leaf[examples], self._data)
        return self._objective.measured(self._unravel(weights), self._model, batch)

    def _draw(self, keys: jax.Array, *, trained_on: bool) -> jax.Array:
        """Return which examples each training has in a step, of those that are trained on or of the others."""
        first, last = (0, self._trained_on) if trained_on else (self._trained_on, self._examples)
        chosen = keys[: self._copies] if trained_on else keys[self._copies :]
        return jax.vmap(lambda key: jax.random.randint(key, (_BATCH,), first, last))(chosen)


def _adam(gradients: jax.Array, moments: jax.Array, number: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return Adam's update at a learning rate of 1, and its moments after the step; `number` counts from 0."""
    b1, b2 = 0.9, 0.999
    first, second = b1 * moments[0] + (1 - b1) * gradients, b2 * moments[1] + (1 - b2) * gradients**2
    mean, square = first / (1 - b1 ** (number + 1.0)), second / (1 - b2 ** (number + 1.0))
    return -mean / (jnp.sqrt(square) + 1e-8), jnp.stack([first, second])


def _schedule(number: jax.Array, length: jax.Array) -> jax.Array:
    """Return a cosine from 1 to 0 after a tenth of the steps in which it rises, as tasks have it."""
    warmup = 0.1 * length
    rest = (number - warmup) / (length - warmup)
    return jnp.where(number < warmup, (number + 1) / warmup, 0.5 * (1 + jnp.cos(math.pi * rest)))


def meta_train(
    problems: dict[str, Problem],
    steps: int,
    seed: int = 0,
    rate: float = 0.002,
    listener: Callable[[int, str, float], None] = lambda step, task, loss: None,
) -> Network:
    """Return a network that has learned to train.

    Args:
        problems: tasks by name, in turn.
        steps: changes of the network, each after 20 steps of training.
        seed: of random numbers.
        rate: the learning rate of the Adam that changes it, which a cosine takes to a hundredth.
        listener: told the step, the task and the mean logarithm of its loss.
    """
    key = jax.random.key(seed)
    network = init_network(jax.random.fold_in(key, 0))
    schedule = optax.cosine_decay_schedule(rate, steps, alpha=0.01)
    optimizer = optax.chain(optax.zero_nans(), optax.normalize_by_update_norm(), optax.adam(schedule))
    state, names = optimizer.init(network), list(problems)
    made = {name: MetaTask(problem) for name, problem in problems.items()}
    running: dict[str, Training] = {}

    @jax.jit
    def change(network: Network, state: Any, slope: Network) -> tuple[Network, Any]:
        updates, state = optimizer.update(slope, state)
        return jax.tree.map(jnp.add, network, updates), state

    for step in range(steps):
        name = names[step % len(names)]
        if name not in running:
            running[name] = made[name].begin(network, jax.random.fold_in(key, step + 1))
        imitation = jnp.float32(_IMITATION * max(0.0, 1 - 4 * step / steps))
        (_, (loss, running[name])), slope = made[name].slope(network, running[name], imitation)
        network, state = change(network, state, slope)
        if not np.isfinite(loss) or running[name].step >= running[name].length:
            del running[name]
        listener(step, name, float(loss))
    return network


def measure(problems: dict[str, Problem], network: Network, length: int = 200, seed: int = 1) -> dict[str, float]:
    """Return the mean logarithm of the loss in the last 20 steps of trainings of one length, by task."""
    found: dict[str, float] = {}
    for name, problem in problems.items():
        task = MetaTask(problem)
        training = task.begin(network, jax.random.key(seed))._replace(scale=jnp.float32(1), length=jnp.int32(length))
        loss = jnp.float32(0)
        for _ in range(length // UNROLL):
            _, (loss, training) = task.unroll(network, training, jnp.float32(0))
        found[name] = float(loss)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the network and write it."""
    parser = argparse.ArgumentParser(prog="lionsearch.rivals.meta_training", description="Trains `rival:lstm`.")
    parser.add_argument("--steps", type=int, default=4000, help="Changes of the network.")
    parser.add_argument("--seed", type=int, default=0, help="Of random numbers.")
    parser.add_argument("--output", type=Path, default=WEIGHTS, help="File of the weights.")
    given = parser.parse_args(arguments)
    problems, start = tasks(), time.perf_counter()
    recent: dict[str, list[float]] = {name: [] for name in problems}

    def tell(step: int, task: str, loss: float) -> None:
        recent[task].append(loss)
        if (step + 1) % max(1, given.steps // 30) == 0:
            means = "  ".join(f"{name} {np.mean(losses):+.3f}" for name, losses in recent.items() if losses)
            print(f"step {step + 1}  mean log loss: {means}  {time.perf_counter() - start:.0f} s", flush=True)
            for losses in recent.values():
                losses.clear()

    network = meta_train(problems, given.steps, given.seed, listener=tell)
    save_network(given.output, network)
    print(f"{given.output}: after 200 steps, mean log loss {measure(problems, network)}")


if __name__ == "__main__":
    main()
