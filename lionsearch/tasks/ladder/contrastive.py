"""Tasks that tell which caption belongs to which image."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lionsearch.tasks import adapters
from lionsearch.tasks.data import shapes
from lionsearch.tasks.models import two_towers
from lionsearch.tasks.problem import Problem


def captioned_shapes(
    width: int = 16,
    layers: int = 1,
    features: int = 64,
    side: int = 24,
    noise: float = 0.1,
    group: int = 64,
    examples: int = 8_000,
    evaluated: int = 1_024,
) -> Problem:
    """Return two networks that put drawings and their captions into one space.

    Half of what is measured are new pairs of a colour and a shape. An image is compared with the captions of its group,
    a part of the batch of fixed size, and the other way round. Equal captions share what is right, and the least loss
    that there is is 0.

    Args:
        width: channels of the image's first convolution, and of a word.
        layers: transformer blocks on a caption.
        features: of the common space.
        side: pixels of a drawing.
        noise: standard deviation of the pixels' noise, white being 1.
        group: drawings that are told apart; where a batch is no multiple of it, the whole batch.
        examples: training drawings.
        evaluated: drawings of the validation and of the test split.
    """
    module = two_towers.TwoTowers(len(shapes.WORDS), width, layers, features)

    def compare(outputs: Any, batch: Any) -> tuple[jax.Array, jax.Array]:
        """Return the products in each group, (groups, size, size), and which captions are equal."""
        images, texts, scale = outputs
        captions = batch["caption"]
        size = group if len(captions) % group == 0 else len(captions)
        images, texts, captions = (x.reshape(-1, size, x.shape[-1]) for x in (images, texts, captions))
        equal = jnp.all(captions[:, :, None] == captions[:, None, :], axis=-1)
        return scale * jnp.einsum("gif,gjf->gij", images, texts), equal

    def loss(outputs: Any, batch: Any) -> jax.Array:
        products, equal = compare(outputs, batch)
        wanted = equal / jnp.sum(equal, axis=-1, keepdims=True)
        least = jnp.log(jnp.sum(equal, axis=-1)).mean()
        both = sum(-jnp.sum(wanted * jax.nn.log_softmax(x), axis=-1).mean() for x in (products, products.mT))
        return both / 2 - least

    def metrics(outputs: Any, batch: Any) -> dict[str, jax.Array]:
        products, equal = compare(outputs, batch)
        found = jnp.argmax(products, axis=-1)[..., None]
        return {"accuracy": jnp.mean(jnp.take_along_axis(equal, found, axis=-1))}

    data = shapes.load_shapes(examples, evaluated, side, noise)
    return adapters.flax_problem(module, loss, **data, inputs=lambda batch: batch, metrics=metrics)
