"""The shipped tasks: functions that return a `Problem`, named by the TOML files of `proxy_tasks/`."""

from __future__ import annotations

import pydoc_data.topics
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits

from lionsearch.tasks import networks
from lionsearch.tasks.problem import Problem

_SPLITS = ("train", "validation", "test")
_NOISES = 2


def digits_mlp(width: int = 64, noise: float = 0.5, wrong_labels: float = 0.3) -> Problem:
    """Return a perceptron with one hidden layer on scikit-learn's 8x8 digits, with noisy images and labels.

    Args:
        width: units of the hidden layer.
        noise: standard deviation of the noise added to all images, in units of the images' own.
        wrong_labels: share of the training labels that is drawn at random.
    """
    return _classifier(
        _digits(noise, wrong_labels),
        init=partial(networks.init_mlp, widths=(64, width, 10)),
        logits=networks.apply_mlp,
    )


def digits_linear(l2: float = 0.05, noise: float = 0.5, wrong_labels: float = 0.0) -> Problem:
    """Return softmax regression on the digits with an L2 penalty: strongly convex, with one optimum.

    The loss is the mean cross-entropy plus `l2` / 2 times the sum of all squared parameters, biases included; it is
    trained on and measured. The metric `objective` is that loss of all training examples, whose least value can be
    computed; `cross_entropy` and `accuracy` are of the measured examples. Labels that are drawn from the model have no
    penalty.

    Args:
        l2: the penalty's factor, by which the loss is strongly convex.
        noise: as for `digits_mlp`.
        wrong_labels: as for `digits_mlp`.
    """
    plain = _classifier(
        _digits(noise, wrong_labels),
        init=partial(networks.init_dense, inputs=64, outputs=10),
        logits=networks.apply_dense,
    )

    def loss(params: Any, batch: Any) -> jax.Array:
        squares = sum(jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(params))
        return plain.loss(params, batch) + 0.5 * l2 * squares

    def metrics(params: Any, batch: Any) -> dict[str, jax.Array]:
        assert plain.metrics is not None
        found = {"objective": loss(params, plain.train), "cross_entropy": plain.loss(params, batch)}
        return found | plain.metrics(params, batch)

    return replace(plain, loss=loss, metrics=metrics)


def digits_vit(
    width: int = 24, layers: int = 1, heads: int = 2, patch: int = 2, noise: float = 0.3, wrong_labels: float = 0.2
) -> Problem:
    """Return a small vision transformer on the digits, cut into square patches.

    Args:
        width: width of a token.
        layers: transformer blocks.
        heads: attention heads.
        patch: pixels of a patch's side; divides 8.
        noise: as for `digits_mlp`.
        wrong_labels: as for `digits_mlp`.
    """
    if patch < 1 or 8 % patch:
        raise ValueError(f"patch is {patch}; it must be 1, 2, 4 or 8, which divide the 8 pixels of a digit's side")
    side = 8 // patch

    def init(key: jax.Array) -> networks.Params:
        embed, place, body, head = jax.random.split(key, 4)
        return {
            "embed": networks.init_dense(embed, patch**2, width),
            "positions": 0.5 * jax.random.normal(place, (side**2, width)),
            "blocks": networks.init_transformer(body, layers, width),
            "head": networks.init_dense(head, width, 10),
        }

    def logits(params: networks.Params, images: jax.Array) -> jax.Array:
        patches = images.reshape(-1, side, patch, side, patch).transpose(0, 1, 3, 2, 4).reshape(-1, patch**2)
        tokens = networks.apply_dense(params["embed"], patches).reshape(-1, side**2, width) + params["positions"]
        mixed = networks.apply_transformer(params["blocks"], tokens.reshape(-1, width), side**2, heads, causal=False)
        return networks.apply_dense(params["head"], mixed.reshape(-1, side**2, width).mean(axis=1))

    return _classifier(_digits(noise, wrong_labels), init=init, logits=logits)


def digits_rnn(
    width: int = 48, gated: bool = False, noise: float = 0.5, wrong_labels: float = 0.2, copies: int = 4
) -> Problem:
    """Return a recurrent network that reads a digit row by row and names it after the last.

    Args:
        width: units of the recurrent layer.
        gated: whether they are gated recurrent units.
        noise: as for `digits_mlp`.
        wrong_labels: as for `digits_mlp`.
        copies: of each training image, each with noise of its own.
    """

    def init(key: jax.Array) -> networks.Params:
        body, head = jax.random.split(key)
        return {
            "recurrent": networks.init_recurrent(body, 8, width, gated=gated),
            "head": networks.init_dense(head, width, 10),
        }

    def logits(params: networks.Params, images: jax.Array) -> jax.Array:
        last = networks.apply_recurrent(params["recurrent"], images.reshape(-1, 8, 8))
        return networks.apply_dense(params["head"], last)

    return _classifier(_digits(noise, wrong_labels, copies), init=init, logits=logits)


def docs_transformer(
    width: int = 32, layers: int = 2, heads: int = 2, context: int = 32, vocabulary: int = 64, evaluated: int = 128
) -> Problem:
    """Return a character-level language model on Python's own reference text (`pydoc_data.topics`).

    Whole topics are held out for validation and test. The text differs a little between Python versions, and so does
    the task's fingerprint.

    Args:
        width: width of a token.
        layers: transformer blocks.
        heads: attention heads.
        context: characters that the model sees.
        vocabulary: different characters; the rarest share one.
        evaluated: sequences in the validation and in the test split.
    """

    def init(key: jax.Array) -> networks.Params:
        embed, place, body = jax.random.split(key, 3)
        return {
            "embed": 0.5 * jax.random.normal(embed, (vocabulary, width)),
            "positions": 0.1 * jax.random.normal(place, (context, width)),
            "blocks": networks.init_transformer(body, layers, width),
            "head": networks.init_dense(jax.random.fold_in(key, 3), width, vocabulary),
        }

    def logits(params: networks.Params, batch: jax.Array) -> jax.Array:
        tokens = params["embed"][batch[:, :-1]] + params["positions"]
        mixed = networks.apply_transformer(params["blocks"], tokens.reshape(-1, width), context, heads, causal=True)
        return networks.apply_dense(params["head"], mixed)

    def loss(params: networks.Params, batch: jax.Array) -> jax.Array:
        return networks.cross_entropy(logits(params, batch), batch[:, 1:].reshape(-1))

    def sampled_loss(params: networks.Params, batch: jax.Array, key: jax.Array) -> tuple[jax.Array, int]:
        return networks.sampled_cross_entropy(logits(params, batch), key), batch[:, 1:].size

    return Problem(init, loss, **_topics(context + 1, vocabulary, evaluated), sampled_loss=sampled_loss)


def teacher_student(
    inputs: int = 32, width: int = 32, condition: float = 1e3, noise: float = 0.2, examples: int = 1024
) -> Problem:
    """Return a regression onto a random network, with inputs of very different scales.

    Args:
        inputs: input features.
        width: hidden units of the student; the teacher has a quarter.
        condition: ratio of the largest to the smallest variance of the inputs.
        noise: standard deviation of the targets' noise; the targets' own is 1.
        examples: training examples; validation and test have half each.
    """
    rng = np.random.default_rng(7)
    scales = np.geomspace(1.0, condition**-0.5, inputs)
    rotation = np.linalg.qr(rng.normal(size=(inputs, inputs)))[0]
    hidden = rng.normal(size=(inputs, width // 4)) / np.sqrt(inputs)
    output = rng.normal(size=width // 4)
    z = rng.normal(size=(2 * examples, inputs))
    x = ((z * scales) @ rotation * np.sqrt(inputs / np.sum(scales**2))).astype(np.float32)
    clean = np.tanh(2.0 * z @ hidden) @ output
    y = (clean / clean.std() + noise * rng.normal(size=clean.shape)).astype(np.float32)

    def predict(params: Any, batch: Any) -> jax.Array:
        return networks.apply_mlp(params, batch["x"])[:, 0]

    def loss(params: Any, batch: Any) -> jax.Array:
        return jnp.mean((predict(params, batch) - batch["y"]) ** 2)

    def sampled_loss(params: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, int]:
        return networks.sampled_squared_error(predict(params, batch), key), len(batch["y"])

    return Problem(
        init=partial(networks.init_mlp, widths=(inputs, width, 1)),
        loss=loss,
        **_split({"x": x, "y": y}, examples, examples // 2),
        sampled_loss=sampled_loss,
    )


def digits_errors(noise: float = 0.5, wrong_labels: float = 0.1, copies: int = 2) -> Problem:
    """Return a linear classifier on the digits whose measured loss is the share of errors, which has no gradient.

    What has a gradient, and is trained on by whoever needs one, is the cross-entropy.

    Args:
        noise: as for `digits_mlp`.
        wrong_labels: as for `digits_mlp`.
        copies: as for `digits_rnn`.
    """

    def logits(params: networks.Params, batch: Any) -> jax.Array:
        return networks.apply_dense(params, batch["image"])

    def loss(params: networks.Params, batch: Any) -> jax.Array:
        return 1 - networks.accuracy(logits(params, batch), batch["label"])

    def train_loss(params: networks.Params, batch: Any, key: jax.Array) -> jax.Array:
        del key
        return networks.cross_entropy(logits(params, batch), batch["label"])

    def metrics(params: networks.Params, batch: Any) -> dict[str, jax.Array]:
        return {"cross_entropy": networks.cross_entropy(logits(params, batch), batch["label"])}

    def sampled_loss(params: networks.Params, batch: Any, key: jax.Array) -> tuple[jax.Array, int]:
        return networks.sampled_cross_entropy(logits(params, batch), key), len(batch["label"])

    return Problem(
        init=partial(networks.init_dense, inputs=64, outputs=10),
        loss=loss,
        **_digits(noise, wrong_labels, copies),
        metrics=metrics,
        sampled_loss=sampled_loss,
        train_loss=train_loss,
    )


def _classifier(data: dict[str, Any], *, init: Any, logits: Any) -> Problem:
    """Return a problem on `{"image", "label"}` batches from a function that gives logits."""

    def loss(params: Any, batch: Any) -> jax.Array:
        return networks.cross_entropy(logits(params, batch["image"]), batch["label"])

    def metrics(params: Any, batch: Any) -> dict[str, jax.Array]:
        return {"accuracy": networks.accuracy(logits(params, batch["image"]), batch["label"])}

    def sampled_loss(params: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, int]:
        return networks.sampled_cross_entropy(logits(params, batch["image"]), key), len(batch["label"])

    return Problem(init, loss, **data, metrics=metrics, sampled_loss=sampled_loss)


def _digits(noise: float, wrong_labels: float, copies: int = 1) -> dict[str, Any]:
    """Return a third of the digits for each split; an image is there several times, each under noise of its own."""
    images, labels = load_digits(return_X_y=True)
    scaled = (images - images.mean()) / images.std()
    rng = np.random.default_rng(0)
    data: dict[str, Any] = {}
    for split, chosen in zip(_SPLITS, np.split(rng.permutation(1797), 3), strict=True):
        repeated = np.tile(chosen, copies if split == "train" else _NOISES)
        noisy = scaled[repeated] + noise * rng.normal(size=(len(repeated), 64))
        data[split] = {"image": noisy.astype(np.float32), "label": labels[repeated].astype(np.int32)}
    train = data["train"]["label"]
    wrong = rng.random(len(train)) < wrong_labels
    train[wrong] = rng.integers(0, 10, wrong.sum())
    return data


def _topics(length: int, vocabulary: int, evaluated: int) -> dict[str, Any]:
    topics: dict[str, str] = pydoc_data.topics.topics
    common = Counter("".join(topics.values())).most_common(vocabulary - 1)
    codes = {character: code for code, (character, _) in enumerate(sorted(common))}
    names = sorted(topics)
    np.random.default_rng(0).shuffle(names)
    sequences: list[np.ndarray] = []
    seen: set[bytes] = set()  # topics share whole passages, of which no split may have what another has
    for name in names:
        text = np.array([codes.get(character, vocabulary - 1) for character in topics[name]], np.int32)
        windows = text[: len(text) // length * length].reshape(-1, length)
        fresh = [window.tobytes() not in seen for window in windows]
        seen.update(window.tobytes() for window in windows)
        sequences.append(windows[np.array(fresh, bool)])
    # whole topics go to test, then validation, until each is full; the rest is for training
    held_out: list[np.ndarray] = []
    start = 0
    for _ in range(2):
        end, found = start, 0
        while found < 2 * evaluated:
            found += len(sequences[end])
            end += 1
        pool = np.concatenate(sequences[start:end])
        held_out.append(pool[np.random.default_rng(1).permutation(len(pool))[:evaluated]])
        start = end
    return {"test": held_out[0], "validation": held_out[1], "train": np.concatenate(sequences[start:])}


def _split(data: dict[str, np.ndarray], train: int, evaluated: int) -> dict[str, Any]:
    bounds = np.cumsum([0, train, evaluated, evaluated])
    return {
        split: {name: array[start:end] for name, array in data.items()}
        for split, start, end in zip(_SPLITS, bounds[:-1], bounds[1:], strict=True)
    }
