"""Networks that read characters: a decoder that says the next one, an encoder that says those that are masked."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from lionsearch.tasks.models.blocks import Positions, Transformer


class Decoder(nn.Module):
    """A decoder-only transformer: codes (batch, tokens) -> logits of the next one (batch * tokens, vocabulary).

    Attributes:
        vocabulary: different codes.
        width: of a token.
        layers: transformer blocks.
        heads: attention heads.
        dropout: as in `Transformer`.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    dropout: float = 0.0

    @nn.compact
    def __call__(self, codes: jax.Array, train: bool) -> jax.Array:
        """Return logits (batch * tokens, vocabulary)."""
        tokens = codes.shape[1]
        x = nn.Embed(self.vocabulary, self.width)(codes.astype(jnp.int32).reshape(-1))
        x = Transformer(tokens, self.layers, self.heads, causal=True, dropout=self.dropout)(Positions(tokens)(x), train)
        return nn.Dense(self.vocabulary)(x)


class MaskedEncoder(nn.Module):
    """A transformer that says what stood where a mask is (Devlin et al. 2018, arXiv 1810.04805).

    The mask is new for each batch in training; what is measured has always the same.

    Attributes:
        vocabulary: different codes; the mask is one more.
        width: of a token.
        layers: transformer blocks.
        heads: attention heads.
        masked: share of the tokens.
        dropout: as in `Transformer`.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    masked: float = 0.15
    dropout: float = 0.0

    @nn.compact
    def __call__(self, codes: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
        """Return logits (batch * tokens, vocabulary), and where a mask was (batch * tokens,)."""
        tokens = codes.shape[1]
        key = self.make_rng("mask") if train else jax.random.key(0)
        mask = jax.random.bernoulli(key, self.masked, codes.shape).reshape(-1)
        seen = jnp.where(mask, self.vocabulary, codes.astype(jnp.int32).reshape(-1))
        x = Positions(tokens)(nn.Embed(self.vocabulary + 1, self.width)(seen))
        x = Transformer(tokens, self.layers, self.heads, dropout=self.dropout)(x, train)
        return nn.Dense(self.vocabulary)(x), mask
