"""Drawings of coloured shapes, each with its caption: "small red cross top left".

Some pairs of a colour and a shape are never trained on: half of these validate, the other half test. Every second
drawing of these splits is of a pair that was trained on, with a place and noise of its own.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 170, 60),
    "blue": (50, 80, 220),
    "yellow": (225, 200, 40),
    "purple": (150, 60, 190),
    "orange": (240, 130, 30),
    "cyan": (40, 190, 200),
    "white": (235, 235, 235),
}
SHAPES = ("circle", "square", "triangle", "diamond", "cross", "ring", "bar", "saltire")
SIZES = {"small": 0.2, "large": 0.33}
ROWS = {"top": 0.3, "middle": 0.5, "bottom": 0.7}
COLUMNS = {"left": 0.3, "centre": 0.5, "right": 0.7}
WORDS = (*SIZES, *COLOURS, *SHAPES, *ROWS, *COLUMNS)
"""Of a caption: size, colour, shape, row, column."""

_HELD_OUT = 8


@cache
def load_shapes(examples: int, evaluated: int, side: int, noise: float) -> dict[str, Any]:
    """Return the splits, each `{"image": uint8 (n, side, side, 3), "caption": int32 (n, 5)}`.

    Args:
        examples: training drawings.
        evaluated: drawings of the validation and of the test split.
        side: pixels.
        noise: standard deviation of the pixels' noise, white being 1.
    """
    rng = np.random.default_rng(11)
    pairs = rng.permutation(len(COLOURS) * len(SHAPES))
    tested, validated, trained = np.split(pairs, [_HELD_OUT, 2 * _HELD_OUT])
    counts = {"train": examples, "validation": evaluated, "test": evaluated}
    unseen = {"train": trained, "validation": validated, "test": tested}
    splits = {}
    for split, count in counts.items():
        drawn = np.where(np.arange(count) % 2, rng.choice(trained, count), rng.choice(unseen[split], count))
        colours, shapes = np.divmod(drawn, len(SHAPES))
        others = [rng.integers(0, len(names), count) for names in (SIZES, ROWS, COLUMNS)]
        image = _draw(rng, colours, shapes, *others, side=side, noise=noise)
        splits[split] = {"image": image, "caption": _describe(colours, shapes, *others)}
    return splits


def say_caption(words: np.ndarray) -> str:
    """Return a caption in words."""
    return " ".join(WORDS[int(word)] for word in words)


def _describe(
    colours: np.ndarray, shapes: np.ndarray, sizes: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    starts = np.cumsum([0, len(SIZES), len(COLOURS), len(SHAPES), len(ROWS)])
    return (np.stack([sizes, colours, shapes, rows, columns], axis=1) + starts).astype(np.int32)


def _draw(
    rng: np.random.Generator,
    colours: np.ndarray,
    shapes: np.ndarray,
    sizes: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    *,
    side: int,
    noise: float,
) -> np.ndarray:
    """Return the drawings: one shape each, its place and size a little off what the caption says."""
    count = len(shapes)
    radius = np.array([*SIZES.values()])[sizes] * rng.uniform(0.85, 1.15, count)
    across = np.array([*COLUMNS.values()])[columns] + rng.normal(0, 0.03, count)
    down = np.array([*ROWS.values()])[rows] + rng.normal(0, 0.03, count)
    grid = (np.arange(side) + 0.5) / side
    x, y = np.broadcast_arrays(
        (grid[None, None, :] - across[:, None, None]) / radius[:, None, None],
        (grid[None, :, None] - down[:, None, None]) / radius[:, None, None],
    )
    filled = np.zeros((count, side, side), bool)
    for number, name in enumerate(SHAPES):
        chosen = shapes == number
        filled[chosen] = _INSIDE[name](x[chosen], y[chosen])
    ground = rng.uniform(0.05, 0.35, (count, 1, 1, 1)) * np.ones(3)
    paint = np.array([*COLOURS.values()])[colours][:, None, None, :] / 255
    image = np.where(filled[..., None], paint, ground) + noise * rng.normal(size=(count, side, side, 3))
    return np.clip(255 * image, 0, 255).astype(np.uint8)


_INSIDE: dict[str, Any] = {
    "circle": lambda x, y: x**2 + y**2 < 0.8,
    "square": lambda x, y: np.maximum(abs(x), abs(y)) < 0.75,
    "triangle": lambda x, y: (y < 0.7) & (y > 2 * abs(x) - 0.9),
    "diamond": lambda x, y: abs(x) + abs(y) < 1,
    "cross": lambda x, y: (np.minimum(abs(x), abs(y)) < 0.28) & (np.maximum(abs(x), abs(y)) < 0.95),
    "ring": lambda x, y: abs(np.sqrt(x**2 + y**2) - 0.7) < 0.25,
    "bar": lambda x, y: (abs(x) < 0.95) & (abs(y) < 0.35),
    "saltire": lambda x, y: (np.minimum(abs(x + y), abs(x - y)) < 0.38) & (np.maximum(abs(x), abs(y)) < 0.8),
}
"""Whether a point is in a shape, which reaches from -1 to 1."""
