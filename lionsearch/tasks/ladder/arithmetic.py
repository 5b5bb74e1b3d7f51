"""Tasks whose data are made by a rule: a sum modulo a prime, the parity of a few bits."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.tasks import adapters, networks
from lionsearch.tasks.models import vision
from lionsearch.tasks.problem import Problem


class _Adder(nn.Module):
    """Two numbers (batch, 2) -> logits of their sum.

    Attributes:
        modulus: numbers there are.
        width: of a number's vector.
        hidden: units.
    """

    modulus: int
    width: int
    hidden: int

    @nn.compact
    def __call__(self, numbers: jax.Array) -> jax.Array:
        x = nn.Embed(self.modulus, self.width)(numbers.reshape(-1)).reshape(len(numbers), -1)
        return nn.Dense(self.modulus)(nn.relu(nn.Dense(self.hidden)(x)))


def modular_addition(modulus: int = 59, share: float = 0.5, width: int = 32, hidden: int = 128) -> Problem:
    """Return the sum of two numbers modulo a prime, from a share of all pairs: it is memorized, then understood.

    Power et al. 2022 (arXiv 2201.02177). Half of the pairs that are left validate, half test.

    Args:
        modulus: the prime.
        share: of the pairs that are trained on.
        width: of a number's vector.
        hidden: units.
    """
    numbers = np.stack(np.divmod(np.arange(modulus**2), modulus), axis=1).astype(np.int32)
    numbers = numbers[np.random.default_rng(0).permutation(len(numbers))]
    data = {"numbers": numbers, "label": numbers.sum(axis=1, dtype=np.int32) % modulus}
    trained = int(share * len(numbers))
    bounds = [trained, (trained + len(numbers)) // 2]
    return _classifier(_Adder(modulus, width, hidden), _cut(data, bounds), "numbers")


def sparse_parity(bits: int = 40, relevant: int = 3, width: int = 128, examples: int = 20_000) -> Problem:
    """Return the parity of a few of many bits, which the others hide for a while (Barak et al. 2022, arXiv 2207.08799).

    Args:
        bits: of an example, each 1 or -1.
        relevant: those whose parity it is.
        width: hidden units.
        examples: training examples; validation and test have 2,000 each.
    """
    x = np.random.default_rng(0).integers(0, 2, (examples + 4_000, bits)).astype(np.float32) * 2 - 1
    data = {"bits": x, "label": (np.prod(x[:, :relevant], axis=1) > 0).astype(np.int32)}
    module = vision.Perceptron((width,), classes=2)
    return _classifier(module, _cut(data, [examples, examples + 2_000]), "bits")


def _cut(data: dict[str, np.ndarray], bounds: list[int]) -> dict[str, Any]:
    parts = {name: np.split(array, bounds) for name, array in data.items()}
    splits = ("train", "validation", "test")
    return {split: {name: part[at] for name, part in parts.items()} for at, split in enumerate(splits)}


def _classifier(module: Any, data: dict[str, Any], given: str) -> Problem:
    """Return the problem of a module that gives logits of a batch's "label" for what is `given`."""

    def loss(logits: jax.Array, batch: Any) -> jax.Array:
        return networks.cross_entropy(logits, batch["label"])

    def metrics(logits: jax.Array, batch: Any) -> dict[str, jax.Array]:
        return {"accuracy": jnp.mean(jnp.argmax(logits, axis=-1) == batch["label"])}

    def sampled_loss(logits: jax.Array, batch: Any, key: jax.Array) -> tuple[jax.Array, int]:
        return networks.sampled_cross_entropy(logits, key), len(batch["label"])

    measures: dict[str, Any] = {"metrics": metrics, "sampled_loss": sampled_loss}
    return adapters.flax_problem(module, loss, **data, inputs=lambda batch: batch[given], **measures)
