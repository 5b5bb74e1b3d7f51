"""What the networks are built of.

On a CPU, XLA runs one product of two matrices fastest: tokens lie in rows of one matrix, (batch * tokens, width), and a
convolution is the product of its patches with its kernel, which takes a tenth of the time of XLA's own there.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp


class Convolution(nn.Module):
    """A square convolution with zeros around the image, (batch, height, width, channels).

    Attributes:
        features: channels of the output.
        size: side of the kernel; odd.
        stride: pixels from one output to the next.
    """

    features: int
    size: int = 3
    stride: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Return (batch, height, width, features), the sides divided by the stride."""
        channels, edge = x.shape[-1], self.size // 2
        shape = (self.size, self.size, channels, self.features)
        kernel = self.param("kernel", nn.initializers.he_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        strides, padding = (self.stride, self.stride), ((edge, edge), (edge, edge))
        if jax.default_backend() != "cpu":
            numbers = ("NHWC", "HWIO", "NHWC")
            return jax.lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=numbers) + bias
        patches = cut_patches(x, self.size, self.stride)
        flat = patches.reshape(-1, patches.shape[-1]) @ kernel.reshape(-1, self.features) + bias
        return flat.reshape(*patches.shape[:-1], self.features)


def cut_patches(x: jax.Array, size: int, stride: int) -> jax.Array:
    """Return the pixels under a convolution's kernel, (batch, height, width, size * size * channels)."""
    edge = size // 2
    padded = jnp.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    height, width = x.shape[1], x.shape[2]
    shifted = [
        padded[:, row : row + height : stride, column : column + width : stride]
        for row in range(size)
        for column in range(size)
    ]
    return jnp.concatenate(shifted, axis=-1)


class Attention(nn.Module):
    """Self-attention with several heads (Vaswani et al. 2017, arXiv 1706.03762) on rows of tokens.

    Attributes:
        tokens: of a sequence.
        heads: divides the width.
        causal: whether a token sees only those before it.
    """

    tokens: int
    heads: int
    causal: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Return what the tokens get from each other, of the same shape."""
        rows, width = x.shape
        shape = (rows // self.tokens, self.tokens, 3, self.heads, width // self.heads)
        query, key, value = jnp.moveaxis(nn.Dense(3 * width)(x).reshape(shape), 2, 0)
        scores = jnp.einsum("bqhd,bkhd->bhqk", query, key) / (width // self.heads) ** 0.5
        if self.causal:
            scores = jnp.where(jnp.tril(jnp.ones((self.tokens, self.tokens), bool)), scores, -1e9)
        mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), value)
        return nn.Dense(width)(mixed.reshape(rows, width))


class Transformer(nn.Module):
    """The blocks of a pre-norm transformer on rows of tokens, (batch * tokens, width); the last norm among them.

    Attributes:
        tokens: of a sequence.
        layers: blocks.
        heads: attention heads.
        causal: whether a token sees only those before it.
        dropout: share of what each part of a block adds that is dropped in training.
    """

    tokens: int
    layers: int
    heads: int
    causal: bool = False
    dropout: float = 0.0

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Return the tokens of the same shape, normalized."""
        width = x.shape[-1]
        drop = nn.Dropout(self.dropout, deterministic=not train)
        for _ in range(self.layers):
            x = x + drop(Attention(self.tokens, self.heads, self.causal)(nn.LayerNorm()(x)))
            hidden = nn.gelu(nn.Dense(4 * width)(nn.LayerNorm()(x)))
            x = x + drop(nn.Dense(width)(hidden))
        return nn.LayerNorm()(x)


class Positions(nn.Module):
    """Adds a learned vector to each place of a sequence, to rows of tokens.

    Attributes:
        tokens: of a sequence.
    """

    tokens: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Return the rows of the same shape."""
        width = x.shape[-1]
        table = self.param("table", nn.initializers.normal(0.1), (self.tokens, width))
        return (x.reshape(-1, self.tokens, width) + table).reshape(-1, width)


def cut_into_tokens(images: jax.Array, patch: int) -> jax.Array:
    """Return the square patches of images (batch, side, side, channels) as rows, (batch * patches, pixels)."""
    side, channels = images.shape[1] // patch, images.shape[-1]
    cut = images.reshape(-1, side, patch, side, patch, channels).transpose(0, 1, 3, 2, 4, 5)
    return cut.reshape(-1, patch * patch * channels)
