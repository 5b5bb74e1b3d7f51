"""Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747): 28x28 images of clothes in ten classes.

The last 5,000 of the 60,000 training images validate, the other 55,000 are trained on, the 10,000 of "t10k" test.
"""

from __future__ import annotations

import gzip
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lionsearch.errors import TaskError
from lionsearch.tasks.data.finding import Source

SOURCE = Source("fashion-mnist", "apt-get install dataset-fashion-mnist", debian="usr/share/datasets/fashion-mnist")
MEAN, DEVIATION = 0.2860, 0.3530
"""Of the training images, black 0 and white 1."""

_VALIDATED = 5_000


def load_fashion(examples: int, evaluated: int) -> dict[str, Any]:
    """Return the splits, each `{"image": uint8 (n, 28, 28), "label": int32 (n,)}`.

    Args:
        examples: training images, the first ones; at most 55,000.
        evaluated: images of the validation and of the test split, the first ones; at most 5,000.

    Raises:
        TaskError: if the data set is not on this machine, or is another.
    """
    folder = SOURCE.find()
    images, labels = _read(folder, "train")
    test_images, test_labels = _read(folder, "t10k")
    held_out = len(images) - _VALIDATED
    if not 0 < examples <= held_out or not 0 < evaluated <= _VALIDATED:
        raise ValueError(
            f"examples is {examples} and evaluated {evaluated}; there are {held_out} and {_VALIDATED} images"
        )
    return {
        "train": {"image": images[:examples], "label": labels[:examples]},
        "validation": {
            "image": images[held_out : held_out + evaluated],
            "label": labels[held_out : held_out + evaluated],
        },
        "test": {"image": test_images[:evaluated], "label": test_labels[:evaluated]},
    }


@cache
def _read(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    images = _read_idx(folder / f"{part}-images-idx3-ubyte.gz", 3)
    labels = _read_idx(folder / f"{part}-labels-idx1-ubyte.gz", 1)
    if images.shape[1:] != (28, 28) or len(images) != len(labels):
        raise TaskError(f"{folder}: found images {images.shape} and labels {labels.shape}; expected 28x28, as many")
    return images, labels.astype(np.int32)


def _read_idx(path: Path, axes: int) -> np.ndarray:
    """Return the array of bytes in a compressed IDX file."""
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise TaskError(f"{path}: cannot be read: {error}") from None
    start = 4 + 4 * axes
    whole = len(content) >= start and content[:4] == bytes((0, 0, 8, axes))
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], ">u4")) if whole else ()
    if not whole or len(content) != start + math.prod(shape):
        raise TaskError(f"{path}: is no IDX file of bytes along {axes} axes")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
