"""Tasks that say what noise is on an image, and the images that trained weights draw."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn import datasets

from lionsearch.tasks import adapters
from lionsearch.tasks.data import fashion
from lionsearch.tasks.models import denoiser
from lionsearch.tasks.problem import Problem


def digits_diffusion(width: int = 128, layers: int = 3) -> Problem:
    """Return a perceptron that says what noise is on scikit-learn's digits.

    Args:
        width: hidden units.
        layers: residual blocks.
    """
    return _denoising(denoiser.DenseNetwork(width, layers), _digits(), lambda images: images)


def fashion_diffusion(width: int = 32, blocks: int = 1, examples: int = 55_000, evaluated: int = 1_000) -> Problem:
    """Return a small U-Net that says what noise is on the images of Fashion-MNIST.

    Args:
        width: channels.
        blocks: residual blocks at each scale.
        examples: training images.
        evaluated: images of the validation and of the test split.
    """
    loaded = fashion.load_fashion(examples, evaluated)
    data = {split: part["image"][..., None] for split, part in loaded.items()}
    return _denoising(denoiser.ConvolutionalNetwork(width, blocks), data, _scale)


def draw_digits(params: Any, key: jax.Array, count: int = 16, *, width: int = 128, layers: int = 3) -> jax.Array:
    """Return images (count, 8, 8) that weights trained on `digits_diffusion` draw, 0 to 1.

    Args:
        params: trained weights.
        key: of the noise that is started from.
        count: images.
        width: as the task has it.
        layers: as the task has it.

    Examples:
        >>> problem = digits_diffusion(width=8, layers=1)
        >>> params, _ = jax.jit(problem.init)(jax.random.key(0))
        >>> draw_digits(params, jax.random.key(1), 2, width=8, layers=1).shape
        (2, 8, 8)
    """
    return _draw(denoiser.DenseNetwork(width, layers), params, key, (count, 8, 8, 1))


def draw_fashion(params: Any, key: jax.Array, count: int = 16, *, width: int = 32, blocks: int = 1) -> jax.Array:
    """Return images (count, 28, 28) that weights trained on `fashion_diffusion` draw, 0 to 1.

    Args:
        params: trained weights.
        key: of the noise that is started from.
        count: images.
        width: as the task has it.
        blocks: as the task has it.
    """
    return _draw(denoiser.ConvolutionalNetwork(width, blocks), params, key, (count, 28, 28, 1))


def _draw(network: Any, params: Any, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    images = denoiser.draw_samples(denoiser.Denoiser(network), params, key, shape)
    return jnp.clip((images[..., 0] + 1) / 2, 0, 1)


def _denoising(network: Any, data: dict[str, Any], inputs: Any) -> Problem:
    def loss(outputs: Any, batch: Any) -> jax.Array:
        found, noise = outputs
        return jnp.mean((found - noise) ** 2)

    return adapters.flax_problem(denoiser.Denoiser(network), loss, **data, inputs=inputs, rngs=("noise",))


def _scale(images: jax.Array) -> jax.Array:
    return images.astype(jnp.float32) / 127.5 - 1


def _digits() -> dict[str, np.ndarray]:
    """Return the digits from -1 to 1: 1,197 train, 300 validate, 300 test."""
    pixels, _ = datasets.load_digits(return_X_y=True)
    images = (pixels / 8 - 1).astype(np.float32).reshape(-1, 8, 8, 1)
    order = np.random.default_rng(0).permutation(len(images))
    train, validation, test = np.split(images[order], [1197, 1497])
    return {"train": train, "validation": validation, "test": test}
