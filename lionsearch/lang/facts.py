"""What a row of the table of operations may say of the numbers that come out: signs, and what a factor does."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Sign(enum.IntEnum):
    """What is known of a value's sign; NaN is no number and passes through."""

    UNKNOWN = 0
    NOT_NEGATIVE = 1
    POSITIVE = 2


@dataclass(frozen=True, slots=True)
class Scaling:
    """f(k x, ...) = k^degree f(x, ...) for k > 0, where k multiplies each of these arguments.

    Attributes:
        arguments: their positions.
        degree: 0 or 1.
        odd: whether it holds for k < 0 too, with degree 1 or as sign(k).
    """

    arguments: tuple[int, ...]
    degree: int
    odd: bool = False


LINEAR = (Scaling((0,), 1, odd=True),)
"""f(k x) = k f(x)."""
BILINEAR = (Scaling((0,), 1, odd=True), Scaling((1,), 1, odd=True))
"""f(k x, y) = f(x, k y) = k f(x, y)."""
HOMOGENEOUS = (Scaling((0,), 1),)
"""f(k x) = k f(x) for k > 0."""
SCALE_FREE = (Scaling((0,), 0),)
"""f(k x) = f(x) for k > 0."""
