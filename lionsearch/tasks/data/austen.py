"""Jane Austen's six novels, of the R package janeaustenr: 4 million characters.

Of each novel the last tenth tests, the tenth before it validates.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from lionsearch.tasks.data.finding import Source
from lionsearch.tasks.data.lazy_load import read_lazy_load
from lionsearch.tasks.data.windows import encode_text

SOURCE = Source(
    "janeaustenr",
    "apt-get download r-cran-janeaustenr && dpkg -x r-cran-janeaustenr_*.deb FOLDER && export LIONSEARCH_DATA=FOLDER",
    debian="usr/lib/R/site-library/janeaustenr",
)


def load_austen() -> dict[str, list[np.ndarray]]:
    """Return the codes of each split's parts of the novels.

    Raises:
        TaskError: if the data set is not on this machine, or cannot be read.
    """
    splits: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
    for text in _read(SOURCE.find()).values():
        first, second = len(text) * 8 // 10, len(text) * 9 // 10
        for split, part in zip(splits, np.split(text, [first, second]), strict=True):
            splits[split].append(part)
    return splits


@cache
def _read(folder: Path) -> dict[str, np.ndarray]:
    found = read_lazy_load(folder / "data" / "Rdata")
    return {name: encode_text("\n".join(lines)) for name, lines in sorted(found.items())}
