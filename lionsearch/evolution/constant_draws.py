"""New constants: where a mutation needs a number, and where it changes one. Pure draws.

Two ways, `paper` and `mixed`. The paper's new constant is a draw from N(0, 1), and a changed one is the old times 2^a,
a ~ N(0, 1). What optimizers are made of is seldom of order 1: decay rates lie near 1, learning rates and weight decays
near 0. So the mixed way also draws log-uniformly near both, and scales a constant's distance from 1 too.

References: Chen et al. 2023, section 2.2, for the paper's way.
"""

from __future__ import annotations

import math
import random
from typing import Literal

ConstantDraws = Literal["paper", "mixed"]

_SMALLEST = -4.0
"""Power of ten from which numbers near 0, and distances from 1, are drawn log-uniformly."""


def draw_constant(rng: random.Random, draws: ConstantDraws) -> float:
    """Return a new constant.

    Mixed, it is with equal chances from N(0, 1), 10^u, or 1 - 10^u, with u uniform in [-4, 0].

    Examples:
        >>> rng = random.Random(0)
        >>> all(0 < draw_constant(rng, "mixed") < 5 or draw_constant(rng, "mixed") for _ in range(9))
        True
    """
    way = rng.randrange(3) if draws == "mixed" else 0
    if way == 0:
        return rng.gauss(0.0, 1.0)
    small = 10.0 ** rng.uniform(_SMALLEST, 0.0)
    return small if way == 1 else 1.0 - small


def change_constant(old: float, rng: random.Random, draws: ConstantDraws) -> float | None:
    """Return a constant made from the old one, or None where that is not finite.

    Mixed, it is with equal chances the old times 2^a, 1 - (1 - old) 2^a, or a new constant, and a is N(0, 1) or, for
    what is nearly right, N(0, 1/4^2).
    """
    way = rng.randrange(3) if draws == "mixed" else 0
    if way == 2:
        return draw_constant(rng, draws)
    factor = draw_factor(rng) if draws == "mixed" else 2.0 ** rng.gauss(0.0, 1.0)
    changed = old * factor if way == 0 else 1.0 - (1.0 - old) * factor
    return changed if math.isfinite(changed) else None


def draw_factor(rng: random.Random) -> float:
    """Return 2^a, where a is N(0, 1) or, with equal chances, N(0, 1/4^2)."""
    return 2.0 ** (rng.gauss(0.0, 1.0) * rng.choice((1.0, 0.25)))
