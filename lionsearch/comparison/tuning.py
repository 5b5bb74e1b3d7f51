"""A program's learning rate and weight decay on a task within a fixed number of points, by compass search.

From the program's own rate and a decay, the neighbours in both directions of both are tried, the best of all becomes
the centre, and where the centre is the best, the distance to the neighbours shrinks: a factor of 4 in the rate, then 2,
then the square root of 2. A grid over both has three to six times as many points.

References:
    Kolda, Lewis & Torczon 2003, "Optimization by direct search", section 3 (compass search).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from lionsearch.comparison.contestant import Contestant
from lionsearch.comparison.procedure import Procedure

WEIGHT_DECAYS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""The rungs between which a decay moves; a program's own is one more."""

_STRIDES = ((4, 2), (2, 1), (1, 1))
"""How far the neighbours are, coarse to fine: half octaves of the rate, rungs of the decay."""

_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best point found.

    Attributes:
        factor: of the task's learning rate.
        weight_decay: None for a program without one.
        loss: mean validation loss there; inf if no point has a finite one.
        points: tried.
    """

    factor: float
    weight_decay: float | None
    loss: float
    points: int


def tune(contestant: Contestant, task: str, points: int, seeds: int, decay: float | None) -> Procedure[Tuned]:
    """Return the best point that is found with so many.

    Args:
        contestant: the optimizer; of one without a learning rate the weight decay alone is tuned.
        task: the task's name.
        points: at most so many are tried.
        seeds: trainings at each, the first of the search's, on the validation split.
        decay: where its weight decay begins; None for a program without one, whose rate alone is tuned.
    """
    rungs = _rungs(decay)
    losses: dict[_Place, float] = {}

    def measure(places: Iterable[_Place]) -> Procedure[None]:
        new = [place for place in places if place not in losses][: points - len(losses)]
        trials = [
            contestant.trial(task, 2.0 ** (rate / 2), rungs[rung], seed, "validation")
            for rate, rung in new
            for seed in range(seeds)
        ]
        found = iter((yield trials))
        for place in new:
            each = [next(found).loss for _ in range(seeds)]
            losses[place] = fmean(math.inf if loss is None else loss for loss in each)

    def best() -> _Place:  # of what fails everywhere, the smallest rate: that way lies what may not
        return min(losses, key=lambda place: (losses[place], place[0]))

    yield from measure([(0, rungs.index(decay))])
    for across, along in _STRIDES:
        strides = (across if contestant.takes_rate else 0, along)
        while len(losses) < points:
            places = _neighbours(best(), strides, len(rungs))
            if losses.keys() >= places.keys():
                break
            yield from measure(places)
    rate, rung = best()
    return Tuned(2.0 ** (rate / 2), rungs[rung], losses[rate, rung], len(losses))


def _rungs(own: float | None) -> list[float | None]:
    return [None] if own is None else [*sorted({*WEIGHT_DECAYS, own})]


def _neighbours(centre: _Place, strides: tuple[int, int], rungs: int) -> dict[_Place, None]:
    """Return the places around one, in the order in which they are tried; a decay stays among its rungs."""
    rate, rung = centre
    across, along = strides
    decays = [max(0, rung - along), min(rungs - 1, rung + along)]
    places = [(rate + across, rung), (rate - across, rung), *((rate, other) for other in decays if other != rung)]
    return dict.fromkeys(places)
