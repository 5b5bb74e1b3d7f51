"""Tasks that name what is in an image or a signal."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lionsearch.tasks import adapters, networks
from lionsearch.tasks.data import fashion, signals
from lionsearch.tasks.models import vision
from lionsearch.tasks.problem import Problem

_RANDOM = ("dropout", "augment")


def mnist1d_mlp(widths: tuple[int, ...] = (100, 100), dropout: float = 0.0) -> Problem:
    """Return a perceptron on MNIST-1D.

    Args:
        widths: of the hidden layers.
        dropout: share of the hidden units that is dropped in training.
    """
    return _classifier(vision.Perceptron(tuple(widths), dropout), signals.load_signals())


def mnist1d_cnn(width: int = 25, size: int = 5) -> Problem:
    """Return a convolutional network on MNIST-1D.

    Args:
        width: channels.
        size: points under a kernel.
    """
    return _classifier(vision.SignalNet(width, size), signals.load_signals())


def fashion_mlp(
    widths: tuple[int, ...] = (128, 64), dropout: float = 0.0, examples: int = 55_000, evaluated: int = 2_000
) -> Problem:
    """Return a perceptron on Fashion-MNIST.

    Args:
        widths: of the hidden layers.
        dropout: share of the hidden units that is dropped in training.
        examples: training images.
        evaluated: images of the validation and of the test split.
    """
    return _classifier(vision.Perceptron(tuple(widths), dropout), fashion.load_fashion(examples, evaluated))


def fashion_resnet(
    width: int = 16,
    blocks: tuple[int, ...] = (2, 2),
    shift: int = 2,
    examples: int = 55_000,
    evaluated: int = 2_000,
) -> Problem:
    """Return a residual network with BatchNorm on Fashion-MNIST, whose images are moved and mirrored in training.

    Args:
        width: channels of the first stage.
        blocks: residual blocks of each stage.
        shift: pixels by which an image is moved at most; 0 leaves all as they are.
        examples: training images.
        evaluated: images of the validation and of the test split.
    """
    return _classifier(vision.ResNet(width, tuple(blocks), shift), fashion.load_fashion(examples, evaluated))


def fashion_vit(
    width: int = 64,
    layers: int = 3,
    heads: int = 4,
    patch: int = 4,
    dropout: float = 0.1,
    shift: int = 2,
    examples: int = 55_000,
    evaluated: int = 2_000,
) -> Problem:
    """Return a vision transformer on Fashion-MNIST.

    Args:
        width: of a token.
        layers: transformer blocks.
        heads: attention heads.
        patch: pixels of a patch's side; 2, 4, 7 or 14.
        dropout: share of what each part of a block adds that is dropped in training.
        shift: pixels by which an image is moved at most in training; 0 leaves all as they are.
        examples: training images.
        evaluated: images of the validation and of the test split.
    """
    _check_patch(patch)
    module = vision.VisionTransformer(width, layers, heads, patch, dropout, shift)
    return _classifier(module, fashion.load_fashion(examples, evaluated))


def fashion_mixer(
    width: int = 64,
    layers: int = 3,
    patch: int = 4,
    mixed: int = 64,
    dropout: float = 0.0,
    shift: int = 0,
    examples: int = 55_000,
    evaluated: int = 2_000,
) -> Problem:
    """Return an MLP-Mixer on Fashion-MNIST.

    Args:
        width: of a token.
        layers: blocks.
        patch: pixels of a patch's side; 2, 4, 7 or 14.
        mixed: hidden units between tokens.
        dropout: share of what each part of a block adds that is dropped in training.
        shift: pixels by which an image is moved at most in training; 0 leaves all as they are.
        examples: training images.
        evaluated: images of the validation and of the test split.
    """
    _check_patch(patch)
    module = vision.Mixer(width, layers, patch, mixed, dropout, shift)
    return _classifier(module, fashion.load_fashion(examples, evaluated))


def _check_patch(patch: int) -> None:
    if patch not in (1, 2, 4, 7, 14, 28):
        raise ValueError(f"patch is {patch}; it must be 1, 2, 4, 7, 14 or 28, which divide the 28 pixels of a side")


def _classifier(module: Any, data: dict[str, Any]) -> Problem:
    """Return the problem of a module on `{"image", "label"}` batches."""

    def inputs(batch: Any) -> jax.Array:
        images = batch["image"]
        if images.dtype != jnp.uint8:
            return images
        return ((images.astype(jnp.float32) / 255 - fashion.MEAN) / fashion.DEVIATION)[..., None]

    def loss(logits: jax.Array, batch: Any) -> jax.Array:
        return networks.cross_entropy(logits, batch["label"])

    def metrics(logits: jax.Array, batch: Any) -> dict[str, jax.Array]:
        return {"accuracy": networks.accuracy(logits, batch["label"])}

    def sampled_loss(logits: jax.Array, batch: Any, key: jax.Array) -> tuple[jax.Array, int]:
        return networks.sampled_cross_entropy(logits, key), len(batch["label"])

    measures: dict[str, Any] = {"metrics": metrics, "sampled_loss": sampled_loss}
    return adapters.flax_problem(module, loss, **data, inputs=inputs, rngs=_RANDOM, **measures)
