"""Which candidates get more seeds, and how programs with different numbers of seeds are compared.

Every candidate is trained with one seed. The hopeless stop there; what would be among the leaders of the population
goes on, seed by seed. Programs share their seeds, so a candidate is measured against what the leaders had on the same
ones: what a seed does to all programs alike drops out. Which seed comes first differs from program to program: the
leaders would soon be those that one first seed favours, and nothing better on the others would pass it.

References: racing as in Maron & Moore 1994 and irace (López-Ibáñez et al. 2016), here against a moving population.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from lionsearch.evolution.settings import RacingSettings

_LEAST_NOISE = 1e-6


@dataclass(frozen=True, slots=True)
class Race:
    """What candidates are measured by.

    Attributes:
        leaders: the leaders' mean score on each seed, less what their statements cost; () while there are none.
        noise: the standard deviation of a score around its program's mean, once the seed's share is taken out.
    """

    leaders: tuple[float, ...] = ()
    noise: float = 0.0

    def hurdles(self, order: Sequence[int], settings: RacingSettings) -> tuple[float, ...]:
        """Return, for each seed after the first, the mean so far, less what the statements cost, that opens it.

        Args:
            order: of the seeds, as `race_order` gives it for the program.
            settings: the margin.
        """
        if not self.leaders:
            return (-math.inf,) * (len(order) - 1)
        return tuple(
            self._mean_on(order[:count]) - settings.margin * self.noise / math.sqrt(count)
            for count in range(1, len(order))
        )

    def estimate(self, scores: Sequence[float], order: Sequence[int], settings: RacingSettings) -> float:
        """Return what parents are compared by: the mean as on all seeds, less a penalty for few.

        Args:
            scores: in the order of the seeds; at least one.
            order: of the seeds.
            settings: the penalty.
        """
        mean = fmean(scores)
        if self.leaders:
            mean += fmean(self.leaders) - self._mean_on(order[: len(scores)])
        return mean - settings.penalty * self.noise / math.sqrt(len(scores))

    def _mean_on(self, seeds: Sequence[int]) -> float:
        return fmean([self.leaders[seed] for seed in seeds])


def lead(whole: Iterable[tuple[tuple[float, ...], float]], settings: RacingSettings) -> Race:
    """Return the race that a population sets.

    Args:
        whole: of its programs that were trained with all seeds, the scores by seed and what the statements cost. Of
            those with the same scores only the cheapest counts: the others are its copies.
        settings: how many lead.
    """
    costs: dict[tuple[float, ...], float] = {}
    for scores, cost in whole:
        costs[scores] = min(cost, costs.get(scores, cost))
    net = [tuple(score - cost for score in scores) for scores, cost in costs.items()]
    leaders = sorted(net, key=fmean, reverse=True)[: settings.leaders]
    if not leaders:
        return Race()
    means = tuple(fmean(column) for column in zip(*leaders, strict=True))
    rest = [
        score - fmean(scores) - (mean - fmean(means))
        for scores in leaders
        for score, mean in zip(scores, means, strict=True)
    ]
    freedom = max((len(leaders) - 1) * (len(means) - 1), 1)
    return Race(means, max(math.sqrt(sum(value * value for value in rest) / freedom), _LEAST_NOISE))
