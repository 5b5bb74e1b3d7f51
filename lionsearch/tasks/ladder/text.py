"""Tasks that read characters of Shakespeare and Austen."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lionsearch.tasks import adapters, networks
from lionsearch.tasks.data import austen, shakespeare, windows
from lionsearch.tasks.models import characters, pretraining
from lionsearch.tasks.problem import Problem

_BOOKS = {"shakespeare": shakespeare.load_shakespeare, "austen": austen.load_austen}
_VOCABULARY = len(windows.ALPHABET)
_RANDOM = ("dropout", "mask")


def language_model(
    book: str = "shakespeare",
    width: int = 64,
    layers: int = 2,
    heads: int = 4,
    context: int = 64,
    dropout: float = 0.0,
    examples: int = 0,
    evaluated: int = 512,
) -> Problem:
    """Return a decoder that says the next character.

    Args:
        book: "shakespeare" or "austen".
        width: of a token.
        layers: transformer blocks.
        heads: attention heads.
        context: characters that the model sees.
        dropout: share of what each part of a block adds that is dropped in training.
        examples: training windows; 0 takes all.
        evaluated: windows of the validation and of the test split.
    """
    module = characters.Decoder(_VOCABULARY, width, layers, heads, dropout)
    return _next_character(module, _cut(book, context + 1, examples, evaluated))


def masked_model(
    book: str = "shakespeare",
    width: int = 64,
    layers: int = 2,
    heads: int = 4,
    context: int = 64,
    masked: float = 0.15,
    dropout: float = 0.0,
    examples: int = 0,
    evaluated: int = 512,
) -> Problem:
    """Return an encoder that says which characters are masked.

    Args:
        book: "shakespeare" or "austen".
        width: of a token.
        layers: transformer blocks.
        heads: attention heads.
        context: characters that the model sees.
        masked: share of the characters.
        dropout: share of what each part of a block adds that is dropped in training.
        examples: training windows; 0 takes all.
        evaluated: windows of the validation and of the test split.
    """
    module = characters.MaskedEncoder(_VOCABULARY, width, layers, heads, masked, dropout)

    def loss(outputs: Any, batch: Any) -> jax.Array:
        logits, mask = outputs
        return _mean_where(mask, _losses(logits, _codes(batch)))

    def metrics(outputs: Any, batch: Any) -> dict[str, jax.Array]:
        logits, mask = outputs
        return {"accuracy": _mean_where(mask, jnp.argmax(logits, axis=-1) == _codes(batch))}

    def sampled_loss(outputs: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        logits, mask = outputs
        drawn = jax.random.categorical(key, jax.lax.stop_gradient(logits))
        return _mean_where(mask, _losses(logits, drawn)), jnp.sum(mask)

    data = _cut(book, context, examples, evaluated)
    return adapters.flax_problem(module, loss, **data, rngs=_RANDOM, metrics=metrics, sampled_loss=sampled_loss)


def fine_tuned_model(
    width: int = 64,
    layers: int = 2,
    heads: int = 4,
    context: int = 64,
    dropout: float = 0.0,
    examples: int = 4_000,
    evaluated: int = 512,
    pretraining_steps: int = 2_000,
    pretraining_batch: int = 32,
    pretraining_rate: float = 0.003,
) -> Problem:
    """Return a decoder that has read Shakespeare, and learns to say the next character of Austen.

    Its weights are trained once, with optax's AdamW, and kept in the folder of the cache.

    Args:
        width: of a token.
        layers: transformer blocks.
        heads: attention heads.
        context: characters that the model sees.
        dropout: share of what each part of a block adds that is dropped in training.
        examples: Austen's training windows; 0 takes all.
        evaluated: windows of the validation and of the test split.
        pretraining_steps: of the training on Shakespeare.
        pretraining_batch: windows in a step of it.
        pretraining_rate: its peak learning rate.
    """
    module = characters.Decoder(_VOCABULARY, width, layers, heads, dropout)
    before = _next_character(module, _cut("shakespeare", context + 1, 0, evaluated))
    plan = pretraining.Plan(pretraining_steps, pretraining_batch, pretraining_rate)
    pretrained = pretraining.load_or_train(before, plan, f"{module!r} on shakespeare, windows of {context + 1}")
    after = _next_character(module, _cut("austen", context + 1, examples, evaluated))
    return pretraining.start_from(after, pretrained)


def _next_character(module: Any, data: dict[str, Any]) -> Problem:
    """Return the problem of a decoder on windows of text."""

    def loss(logits: jax.Array, batch: Any) -> jax.Array:
        return networks.cross_entropy(logits, _codes(batch[:, 1:]))

    def metrics(logits: jax.Array, batch: Any) -> dict[str, jax.Array]:
        return {"accuracy": networks.accuracy(logits, _codes(batch[:, 1:]))}

    def sampled_loss(logits: jax.Array, batch: Any, key: jax.Array) -> tuple[jax.Array, int]:
        return networks.sampled_cross_entropy(logits, key), batch[:, 1:].size

    def inputs(batch: Any) -> Any:
        return batch[:, :-1]

    measures: dict[str, Any] = {"metrics": metrics, "sampled_loss": sampled_loss}
    return adapters.flax_problem(module, loss, **data, inputs=inputs, rngs=_RANDOM, **measures)


def _cut(book: str, length: int, examples: int, evaluated: int) -> dict[str, Any]:
    if book not in _BOOKS:
        raise ValueError(f"book is {book!r}; it must be {' or '.join(map(repr, _BOOKS))}")
    return windows.cut_windows(_BOOKS[book](), length, examples, evaluated)


def _codes(batch: Any) -> jax.Array:
    return batch.astype(jnp.int32).reshape(-1)


def _losses(logits: jax.Array, labels: jax.Array) -> jax.Array:
    return -jnp.sum(jax.nn.log_softmax(logits) * jax.nn.one_hot(labels, logits.shape[-1]), axis=-1)


def _mean_where(mask: jax.Array, values: jax.Array) -> jax.Array:
    return jnp.sum(jnp.where(mask, values, 0)) / jnp.maximum(jnp.sum(mask), 1)
