"""Tasks that say what noise is on an image; with what they have learned, trained weights draw images from noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn import datasets

from lionsearch.tasks import adapters
from lionsearch.tasks.data import fashion
from lionsearch.tasks.models import denoiser
from lionsearch.tasks.problem import Problem

_SAMPLES = 16


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


def _denoising(network: Any, data: dict[str, Any], inputs: Any) -> Problem:
    module = denoiser.Denoiser(network)
    side = jax.eval_shape(inputs, data["train"][:1]).shape[1]

    def loss(outputs: Any, batch: Any) -> jax.Array:
        found, noise = outputs
        return jnp.mean((found - noise) ** 2)

    def samples(params: Any, state: Any, key: jax.Array) -> jax.Array:
        images = denoiser.draw_samples(module, params, key, (_SAMPLES, side, side, 1))
        return jnp.clip((images[..., 0] + 1) / 2, 0, 1)

    problem = adapters.flax_problem(module, loss, **data, inputs=inputs, rngs=("noise",))
    return replace(problem, samples=samples)


def _scale(images: jax.Array) -> jax.Array:
    return images.astype(jnp.float32) / 127.5 - 1


def _digits() -> dict[str, np.ndarray]:
    """Return the digits from -1 to 1: 1,197 train, 300 validate, 300 test."""
    pixels, _ = datasets.load_digits(return_X_y=True)
    images = (pixels / 8 - 1).astype(np.float32).reshape(-1, 8, 8, 1)
    order = np.random.default_rng(0).permutation(len(images))
    train, validation, test = np.split(images[order], [1197, 1497])
    return {"train": train, "validation": validation, "test": test}
