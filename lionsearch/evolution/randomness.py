"""Random streams that do not depend on who draws first: each is derived from (seed, purpose, counter)."""

from __future__ import annotations

import hashlib
import random


def derive_seed(seed: int, purpose: str, counter: int) -> int:
    """Return a 64-bit seed for one draw.

    Examples:
        >>> derive_seed(0, "mutate", 1) == derive_seed(0, "mutate", 1) != derive_seed(0, "mutate", 2)
        True
    """
    text = f"{seed}|{purpose}|{counter}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def make_rng(seed: int, purpose: str, counter: int) -> random.Random:
    """Return the generator of one draw."""
    return random.Random(derive_seed(seed, purpose, counter))
