"""Text as codes of characters, and windows of it as examples.

The alphabet is the same for all texts, so that a network can go from one to another: a line's end, the 95 printable
characters of ASCII; what else there is becomes the nearest of these, or is left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
_CODES = {character: code for code, character in enumerate(ALPHABET)}
_SPELLED = str.maketrans(
    {"\u2014": "--", "\u2013": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\t": " "}
)
"""Dashes and quotation marks beyond ASCII; what else can be taken apart, as an accent, is so by Unicode."""


def encode_text(text: str) -> np.ndarray:
    """Return the codes of a text's characters, uint8.

    Examples:
        >>> decode_text(encode_text("Tut—tut, naïf!"))
        'Tut--tut, naif!'
    """
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    return np.array([_CODES[character] for character in plain if character in _CODES], np.uint8)


def decode_text(codes: Iterable[int]) -> str:
    """Return the text of codes."""
    return "".join(ALPHABET[int(code)] for code in codes)


def cut_windows(
    texts: Mapping[str, Iterable[np.ndarray]], length: int, examples: int, evaluated: int
) -> dict[str, np.ndarray]:
    """Return examples of each split, uint8 (n, length): windows side by side, drawn without replacement.

    A passage may stand twice in a text, as a song does; what a split has that the ones before it have too is left out,
    in the order train, validation, test.

    Args:
        texts: the codes of each split's texts.
        length: of a window.
        examples: training windows; 0 takes all.
        evaluated: windows of the validation and of the test split.

    Raises:
        ValueError: if there are not so many.
    """
    splits: dict[str, Any] = {}
    seen: set[bytes] = set()
    for split in ("train", "validation", "test"):
        windows = np.concatenate([text[: len(text) // length * length].reshape(-1, length) for text in texts[split]])
        keys = [window.tobytes() for window in windows]
        fresh = windows[np.array([key not in seen for key in keys], bool)]
        seen.update(keys)
        wanted = (examples or len(fresh)) if split == "train" else evaluated
        if not 0 < wanted <= len(fresh):
            raise ValueError(f"{wanted} windows of {length} characters for {split}; the text has {len(fresh)}")
        splits[split] = fresh[np.random.default_rng(1).permutation(len(fresh))[:wanted]]
    return splits
