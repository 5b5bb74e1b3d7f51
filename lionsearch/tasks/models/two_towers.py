"""A network for images and one for captions, into one space (Radford et al. 2021, arXiv 2103.00020)."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from lionsearch.tasks.models.blocks import Convolution, Positions, Transformer


class TwoTowers(nn.Module):
    """Unit vectors of images and of captions, and how sharply they are compared.

    Attributes:
        words: in the vocabulary.
        width: of the image's first channels and of a word.
        layers: transformer blocks on a caption.
        features: of the common space.
    """

    words: int
    width: int
    layers: int
    features: int

    @nn.compact
    def __call__(self, batch: Any) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Return vectors of the images and of the captions, (batch, features) each, and the scale of their products."""
        x = batch["image"].astype(jnp.float32) / 128 - 1
        for stage in range(3):
            x = nn.relu(Convolution(self.width * 2**stage, stride=2)(x))
        images = nn.Dense(self.features)(nn.LayerNorm()(x.reshape(len(x), -1)))
        captions = batch["caption"]
        tokens = captions.shape[1]
        words = Positions(tokens)(nn.Embed(self.words, self.width)(captions.reshape(-1)))
        read = Transformer(tokens, self.layers, heads=2)(words, False)
        texts = nn.Dense(self.features)(read.reshape(-1, tokens * self.width))
        scale = self.param("scale", nn.initializers.constant(2.3), ())
        return _to_unit(images), _to_unit(texts), jnp.exp(jnp.minimum(scale, 4.6))


def _to_unit(x: jax.Array) -> jax.Array:
    return x * jax.lax.rsqrt(jnp.sum(x * x, axis=-1, keepdims=True) + 1e-6)
