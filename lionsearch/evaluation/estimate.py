"""Means over seeds with intervals: Student's t at 95 %, half the width on each side of the mean. No JAX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds, in units of the score.

    Attributes:
        mean: over the seeds.
        interval: half the width of its 95 % interval; infinite with a single seed.
    """

    mean: float
    interval: float

    @property
    def is_positive(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.mean - self.interval > 0

    def __str__(self) -> str:
        """Return it as a table shows it: +0.0123 ±0.0045."""
        return f"{self.mean:+.4f} ±{self.interval:.4f}" if math.isfinite(self.interval) else f"{self.mean:+.4f}"


def estimate(values: Sequence[float], chosen_from: int = 1) -> Estimate:
    """Return the mean of what single seeds gave, with its interval.

    Args:
        values: one for each seed.
        chosen_from: so many as the largest; the interval is wide enough for all of them at once (Bonferroni).

    Examples:
        >>> print(estimate([0.1, 0.2, 0.3]))
        +0.2000 ±0.2484
        >>> print(estimate([0.1, 0.2, 0.3], chosen_from=10))
        +0.2000 ±0.8134
    """
    if len(values) < 2:
        return Estimate(fmean(values), math.inf)
    from scipy.special import stdtrit  # here, because it takes longer to load than a run takes to be read

    factor = float(stdtrit(len(values) - 1, 1 - (1 - _CONFIDENCE) / 2 / chosen_from))
    return Estimate(fmean(values), factor * stdev(values) / math.sqrt(len(values)))
