"""What a row of the table of operations may say besides its meaning: signs, what a factor does, how it is written.

A spelling is a Python expression of the arguments `x`, `y` and `z`, in which `LIB` is `jnp` or `torch`. A name with a
leading underscore is a helper (`exports/runtime*.py`), which the exported file then holds. Total arithmetic is written
out where it is needed, and only there.
"""

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


@dataclass(frozen=True, slots=True)
class Spelling:
    """How an operation is written.

    Attributes:
        text: the expression.
        plain: whether Python's own numbers will do for all arguments, and give one.
        tensors: the arguments that PyTorch wants as tensors, numbers or not.
    """

    text: str
    plain: bool = False
    tensors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shortcut:
    """How an operation is written where an argument is known to be one at which total arithmetic does nothing.

    Attributes:
        argument: its position.
        sign: what must be known of it.
        spelling: what is written then.
    """

    argument: int
    sign: Sign
    spelling: Spelling
