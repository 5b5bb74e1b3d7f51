"""Which candidates get more seeds, and how programs with different numbers of seeds are compared.

Every candidate is trained with the first seed. The hopeless stop there; what would be among the leaders of the
population goes on, seed by seed. Programs share their seeds, so a candidate is measured against what the leaders had
on the same ones: what a seed does to all programs alike drops out.

References: racing as in Maron & Moore 1994 and irace (López-Ibáñez et al. 2016), here against a moving population.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from lionsearch.search.settings import RacingSettings

_LEAST_NOISE = 1e-6


@dataclass(frozen=True, slots=True)
class Race:
    """What candidates are measured by.

    Attributes:
        leaders: the leaders' mean score on each seed; () while there are none.
        noise: the standard deviation of a score around its program's mean, once the seed's share is taken out.
    """

    leaders: tuple[float, ...] = ()
    noise: float = 0.0

    def hurdles(self, settings: RacingSettings) -> tuple[float, ...]:
        """Return, for each seed after the first, the mean so far that opens it."""
        if not self.leaders:
            return (-math.inf,) * (settings.seeds - 1)
        return tuple(
            fmean(self.leaders[:count]) - settings.margin * self.noise / math.sqrt(count)
            for count in range(1, settings.seeds)
        )

    def estimate(self, scores: tuple[float, ...], settings: RacingSettings) -> float:
        """Return what parents are compared by: the mean as on all seeds, less a penalty for few."""
        mean = fmean(scores)
        if self.leaders:
            mean += fmean(self.leaders) - fmean(self.leaders[: len(scores)])
        return mean - settings.penalty * self.noise / math.sqrt(len(scores))


def lead(all_scores: Iterable[tuple[float, ...]], settings: RacingSettings) -> Race:
    """Return the race that a population sets.

    Args:
        all_scores: of its programs, one score for each seed.
        settings: how many lead.
    """
    whole = sorted({scores for scores in all_scores if len(scores) == settings.seeds}, key=fmean, reverse=True)
    leaders = whole[: settings.leaders]
    if not leaders:
        return Race()
    means = tuple(fmean(column) for column in zip(*leaders, strict=True))
    rest = [
        score - fmean(scores) - (mean - fmean(means))
        for scores in leaders
        for score, mean in zip(scores, means, strict=True)
    ]
    freedom = max((len(leaders) - 1) * (settings.seeds - 1), 1)
    return Race(means, max(math.sqrt(sum(value * value for value in rest) / freedom), _LEAST_NOISE))
