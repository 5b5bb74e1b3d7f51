"""A linear classifier of three classes in the plane: what the searches for fewer errors are tried on."""

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.rivals.rival import Oracle
from lionsearch.tasks import networks

CLASSES = 3


def make_batch(examples: int = 60, noise: float = 0.3, seed: int = 0) -> dict[str, np.ndarray]:
    """Three clouds around the corners of a triangle, apart unless there is much noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(examples) % CLASSES
    angles = 2 * np.pi * labels / CLASSES
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = centres + noise * rng.normal(size=centres.shape)
    return {"image": points.astype(np.float32), "label": labels.astype(np.int32)}


def make_weights(seed: int = 0):
    return networks.init_dense(jax.random.key(seed), 2, CLASSES)


def cross_entropy(weights, batch):
    return networks.cross_entropy(networks.apply_dense(weights, batch["image"]), batch["label"])


def share_wrong(weights, batch):
    return 1 - networks.accuracy(networks.apply_dense(weights, batch["image"]), batch["label"])


def make_oracle(batch, weights, *, seed: int = 0, measure=cross_entropy, judge=share_wrong) -> Oracle:
    loss, gradient = jax.value_and_grad(measure)(weights, batch)
    zero, examples = jnp.float32(0), jnp.arange(len(jax.tree.leaves(batch)[0]))
    key = jax.random.key(seed)
    return Oracle(weights, loss, gradient, batch, examples, batch, jnp.int32(0), zero, zero, key, measure, judge=judge)


def descend(rival, batch, weights, steps: int):
    """Return the weights after some steps, and the share of errors after each."""
    state, shares = rival.init(weights, len(batch["label"])), []
    step = jax.jit(lambda weights, state, seed: take(rival, batch, weights, state, seed))
    for number in range(steps):
        weights, state = step(weights, state, number)
        shares.append(float(share_wrong(weights, batch)))
    return weights, shares


def take(rival, batch, weights, state, seed):
    weights, state, _ = rival.step(make_oracle(batch, weights, seed=seed), state)
    return weights, state
