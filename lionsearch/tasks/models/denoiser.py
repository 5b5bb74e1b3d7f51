"""Networks that say what noise is on an image (Ho et al. 2020, arXiv 2006.11239), and images drawn with them.

At time t from 0 to 1 an image x is cos(pi t / 2) x + sin(pi t / 2) noise. What is measured has always the same noise,
and times side by side; in training both are new for each batch.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from lionsearch.tasks.models.blocks import Convolution

_LATEST = 0.98
"""The last time, at which there is still a trace of the image."""


class Denoiser(nn.Module):
    """Puts noise on images (batch, side, side, channels) and says which.

    Attributes:
        network: `network(noisy images, times) -> noise`.
    """

    network: Any

    def __call__(self, images: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
        """Return the noise that was found, and the noise that there is."""
        key = self.make_rng("noise") if train else jax.random.key(0)
        of_time, of_noise = jax.random.split(key)
        noise = jax.random.normal(of_noise, images.shape)
        side_by_side = (jnp.arange(len(images)) + 0.5) / len(images)
        times = _LATEST * (jax.random.uniform(of_time, (len(images),)) if train else side_by_side)
        kept, added = _shares(times)
        return self.find_noise(kept * images + added * noise, times), noise

    def find_noise(self, images: jax.Array, times: jax.Array) -> jax.Array:
        """Return the noise on images, as the network finds it."""
        return self.network(images, times)


class DenseNetwork(nn.Module):
    """A residual perceptron on all pixels at once, told the time.

    Attributes:
        width: hidden units.
        layers: residual blocks.
    """

    width: int
    layers: int

    @nn.compact
    def __call__(self, images: jax.Array, times: jax.Array) -> jax.Array:
        """Return the noise, of the images' shape."""
        flat, when = images.reshape(len(images), -1), _encode_time(times)
        x = nn.Dense(self.width)(flat)
        for _ in range(self.layers):
            hidden = nn.gelu(nn.Dense(self.width)(nn.LayerNorm()(x)) + nn.Dense(self.width)(when))
            x = x + nn.Dense(self.width)(hidden)
        return nn.Dense(flat.shape[-1])(nn.LayerNorm()(x)).reshape(images.shape)


class ConvolutionalNetwork(nn.Module):
    """A small U-Net (Ronneberger et al. 2015, arXiv 1505.04597): 2x2 pixels are one place, and there are two scales.

    Attributes:
        width: channels; twice as many at the smaller scale.
        blocks: residual blocks at each scale, on the way down and on the way up.
    """

    width: int
    blocks: int

    @nn.compact
    def __call__(self, images: jax.Array, times: jax.Array) -> jax.Array:
        """Return the noise, of the images' shape."""
        when = _encode_time(times)

        def blocks(x: jax.Array) -> jax.Array:
            features = x.shape[-1]
            for _ in range(self.blocks):
                hidden = Convolution(features)(nn.gelu(nn.GroupNorm(num_groups=4)(x)))
                hidden = hidden + nn.Dense(features)(when)[:, None, None, :]
                x = x + Convolution(features)(nn.gelu(nn.GroupNorm(num_groups=4)(hidden)))
            return x

        large = blocks(Convolution(self.width)(_fold(images)))
        small = blocks(Convolution(2 * self.width, stride=2)(large))
        up = jnp.repeat(jnp.repeat(Convolution(self.width, size=1)(small), 2, axis=1), 2, axis=2)
        x = blocks(Convolution(self.width, size=1)(jnp.concatenate([large, up], axis=-1)))
        return _unfold(Convolution(4 * images.shape[-1])(nn.gelu(nn.GroupNorm(num_groups=4)(x))))


def draw_samples(denoiser: Denoiser, params: Any, key: jax.Array, shape: tuple[int, ...], steps: int = 50) -> jax.Array:
    """Return images drawn with a trained denoiser: from noise, by equal steps of time, without new noise on the way.

    Song et al. 2020 (arXiv 2010.02502).

    Args:
        denoiser: the module.
        params: trained weights.
        key: of the noise that is started from.
        shape: (images, side, side, channels).
        steps: of time.
    """
    times = jnp.linspace(_LATEST, 0.0, steps + 1)

    def step(images: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        (kept, added), (next_kept, next_added) = (_shares(jnp.full(shape[0], time)) for time in now)
        noise: Any = denoiser.apply({"params": params}, images, jnp.full(shape[0], now[0]), method="find_noise")
        clean = jnp.clip((images - added * noise) / kept, -3.0, 3.0)
        return next_kept * clean + next_added * noise, None

    return jax.lax.scan(step, jax.random.normal(key, shape), (times[:-1], times[1:]))[0]


def _shares(times: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return how much of the image and how much noise there is at times (batch,)."""
    angle = (jnp.pi / 2 * times)[:, None, None, None]
    return jnp.cos(angle), jnp.sin(angle)


def _encode_time(times: jax.Array, features: int = 32) -> jax.Array:
    rates = jnp.geomspace(1.0, 100.0, features // 2)
    angles = times[:, None] * rates
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


def _fold(images: jax.Array) -> jax.Array:
    """Return images with the channels of 2x2 pixels at one place."""
    count, height, width, channels = images.shape
    cut = images.reshape(count, height // 2, 2, width // 2, 2, channels).transpose(0, 1, 3, 2, 4, 5)
    return cut.reshape(count, height // 2, width // 2, 4 * channels)


def _unfold(places: jax.Array) -> jax.Array:
    """Return what `_fold` was given."""
    count, height, width, features = places.shape
    cut = places.reshape(count, height, width, 2, 2, features // 4).transpose(0, 1, 3, 2, 4, 5)
    return cut.reshape(count, 2 * height, 2 * width, features // 4)
