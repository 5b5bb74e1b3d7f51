"""MNIST-1D (Greydanus & Kobak 2020, arXiv 2011.14439): signals of 40 points in ten classes, made by its own package.

Of the 4,000 training signals the last 800 validate; its 1,000 test signals test.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

_VALIDATED = 800


@cache
def load_signals() -> dict[str, Any]:
    """Return the splits, each `{"image": float32 (n, 40), "label": int32 (n,)}`."""
    from mnist1d import data as made  # brings matplotlib

    state = np.random.get_state()
    try:
        data = made.make_dataset(made.get_dataset_args())
    finally:
        np.random.set_state(state)  # which the package seeds
    signals, labels = data["x"].astype(np.float32), data["y"].astype(np.int32)
    held_out = len(signals) - _VALIDATED
    return {
        "train": {"image": signals[:held_out], "label": labels[:held_out]},
        "validation": {"image": signals[held_out:], "label": labels[held_out:]},
        "test": {"image": data["x_test"].astype(np.float32), "label": data["y_test"].astype(np.int32)},
    }
