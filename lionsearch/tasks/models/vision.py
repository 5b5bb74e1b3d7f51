"""Networks that name what is in an image (batch, side, side, channels), or in a signal (batch, points)."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from lionsearch.tasks.models.blocks import Convolution, Positions, Transformer, cut_into_tokens


class Augment(nn.Module):
    """Moves each image of a batch by up to `shift` pixels, and mirrors half of them; in training alone.

    Attributes:
        shift: pixels; 0 leaves all images as they are.
        mirror: whether images are mirrored.
    """

    shift: int = 0
    mirror: bool = True

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        """Return images of the same shape."""
        if not train or not self.shift:
            return images
        where, which = jax.random.split(self.make_rng("augment"))
        if self.mirror:
            mirrored = jax.random.bernoulli(which, 0.5, (len(images), 1, 1, 1))
            images = jnp.where(mirrored, images[:, :, ::-1], images)
        edge, side = self.shift, images.shape[1]
        padded = jnp.pad(images, ((0, 0), (edge, edge), (edge, edge), (0, 0)), mode="edge")
        corners = jax.random.randint(where, (len(images), 2), 0, 2 * edge + 1)

        def crop(image: jax.Array, corner: jax.Array) -> jax.Array:
            return jax.lax.dynamic_slice(image, (*corner, 0), (side, side, image.shape[-1]))

        return jax.vmap(crop)(padded, corners)


class Perceptron(nn.Module):
    """A multilayer perceptron with dropout.

    Attributes:
        widths: of the hidden layers.
        dropout: share of the hidden units that is dropped in training.
        classes: outputs.
    """

    widths: tuple[int, ...]
    dropout: float = 0.0
    classes: int = 10

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Return logits (batch, classes)."""
        x = x.reshape(len(x), -1)
        for width in self.widths:
            x = nn.Dropout(self.dropout, deterministic=not train)(nn.relu(nn.Dense(width)(x)))
        return nn.Dense(self.classes)(x)


class SignalNet(nn.Module):
    """A convolutional network on signals (batch, points): three convolutions of stride 2, then all points at once.

    Attributes:
        width: channels.
        size: points under a kernel; odd.
        classes: outputs.
    """

    width: int
    size: int = 5
    classes: int = 10

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Return logits (batch, classes)."""
        x = x[:, :, None]
        for _ in range(3):
            edge, points = self.size // 2, x.shape[1]
            padded = jnp.pad(x, ((0, 0), (edge, edge), (0, 0)))
            patches = jnp.concatenate([padded[:, start : start + points : 2] for start in range(self.size)], axis=-1)
            flat = nn.Dense(self.width)(patches.reshape(-1, patches.shape[-1]))
            x = nn.relu(flat).reshape(*patches.shape[:-1], self.width)
        return nn.Dense(self.classes)(x.reshape(len(x), -1))


class ResNet(nn.Module):
    """A residual network with BatchNorm (He et al. 2015, arXiv 1512.03385), its first convolution of stride 2.

    Attributes:
        width: channels of the first stage; each further one has twice as many, and half the side.
        blocks: residual blocks of each stage.
        shift: of the augmentation.
        classes: outputs.
    """

    width: int
    blocks: tuple[int, ...]
    shift: int = 0
    classes: int = 10

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        """Return logits (batch, classes)."""

        def norm(x: jax.Array, **settings: object) -> jax.Array:
            return nn.BatchNorm(use_running_average=not train, momentum=0.9, **settings)(x)  # pyright: ignore

        x = Augment(self.shift)(images, train)
        x = nn.relu(norm(Convolution(self.width, stride=2)(x)))
        for stage, blocks in enumerate(self.blocks):
            for block in range(blocks):
                features, stride = self.width * 2**stage, 2 if stage and not block else 1
                inner = nn.relu(norm(Convolution(features, stride=stride)(x)))
                inner = norm(Convolution(features)(inner), scale_init=nn.initializers.zeros)
                if inner.shape != x.shape:
                    x = Convolution(features, size=1, stride=stride)(x)
                x = nn.relu(x + inner)
        return nn.Dense(self.classes)(x.mean(axis=(1, 2)))


class VisionTransformer(nn.Module):
    """A vision transformer (Dosovitskiy et al. 2020, arXiv 2010.11929) that names the mean of its tokens.

    Attributes:
        width: of a token.
        layers: transformer blocks.
        heads: attention heads.
        patch: pixels of a patch's side; divides the image's.
        dropout: as in `Transformer`.
        shift: of the augmentation.
        classes: outputs.
    """

    width: int
    layers: int
    heads: int
    patch: int
    dropout: float = 0.0
    shift: int = 0
    classes: int = 10

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        """Return logits (batch, classes)."""
        images = Augment(self.shift)(images, train)
        tokens = (images.shape[1] // self.patch) ** 2
        x = Positions(tokens)(nn.Dense(self.width)(cut_into_tokens(images, self.patch)))
        x = Transformer(tokens, self.layers, self.heads, dropout=self.dropout)(x, train)
        return nn.Dense(self.classes)(x.reshape(-1, tokens, self.width).mean(axis=1))


class Mixer(nn.Module):
    """An MLP-Mixer (Tolstikhin et al. 2021, arXiv 2105.01601).

    Attributes:
        width: of a token.
        layers: blocks.
        patch: pixels of a patch's side; divides the image's.
        mixed: hidden units between tokens.
        dropout: share of what each part of a block adds that is dropped in training.
        shift: of the augmentation.
        classes: outputs.
    """

    width: int
    layers: int
    patch: int
    mixed: int
    dropout: float = 0.0
    shift: int = 0
    classes: int = 10

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        """Return logits (batch, classes)."""
        images = Augment(self.shift)(images, train)
        tokens, drop = (images.shape[1] // self.patch) ** 2, nn.Dropout(self.dropout, deterministic=not train)
        x = nn.Dense(self.width)(cut_into_tokens(images, self.patch))

        def turn(rows: jax.Array, count: int) -> jax.Array:
            """Exchange the two axes of each example, which lie in so many rows."""
            return rows.reshape(-1, count, rows.shape[-1]).swapaxes(1, 2).reshape(-1, count)

        for _ in range(self.layers):
            across = turn(nn.LayerNorm()(x), tokens)  # (batch * width, tokens)
            across = nn.Dense(tokens)(nn.gelu(nn.Dense(self.mixed)(across)))
            x = x + drop(turn(across, self.width))
            hidden = nn.gelu(nn.Dense(4 * self.width)(nn.LayerNorm()(x)))
            x = x + drop(nn.Dense(self.width)(hidden))
        return nn.Dense(self.classes)(nn.LayerNorm()(x).reshape(-1, tokens, self.width).mean(axis=1))
