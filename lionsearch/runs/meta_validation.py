"""Does the best of a search get better on tasks that the search does not see? Both curves, and where they part.

References:
    Chen et al. 2023, section 2.3: the meta-validation score rises and then falls where a search overfits its proxy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from lionsearch.evaluation.estimate import Estimate, estimate
from lionsearch.records import UNTRAINED, Evaluation, Stage

if TYPE_CHECKING:
    from lionsearch.runs.view import Run


@dataclass(frozen=True, slots=True)
class MetaPoint:
    """A program that was the best of the search when it was measured on the other tasks.

    Attributes:
        candidate: its number.
        search: its score in the search.
        scores: its scores on the other tasks, the mean over them, one for each seed; -1 on one where it fails.
        fails_on: those where it fails.
    """

    candidate: int
    search: float
    scores: tuple[float, ...]
    fails_on: tuple[str, ...] = ()

    @property
    def meta(self) -> Estimate:
        """The mean score on the other tasks, with its 95 % interval."""
        return estimate(self.scores)

    def __str__(self) -> str:
        """Return its score, and where it fails."""
        return f"{self.meta} (it fails on {', '.join(self.fails_on)})" if self.fails_on else str(self.meta)


@dataclass(frozen=True, slots=True)
class MetaCurve:
    """The points of a run in the order of their candidates.

    Attributes:
        tasks: that the search did not see.
        points: one or more.
        told: candidates that the run has told.
    """

    tasks: tuple[str, ...]
    points: tuple[MetaPoint, ...]
    told: int

    @property
    def peak(self) -> MetaPoint:
        """The best on the other tasks."""
        return max(self.points, key=lambda point: point.meta.mean)

    @property
    def last(self) -> MetaPoint:
        """The last that was the best of the search."""
        return self.points[-1]

    @property
    def fall(self) -> Estimate:
        """By how much the last is worse than the peak on the other tasks, seed by seed.

        The peak is the luckiest of all points too, so that the interval is as wide as for all of them at once.
        """
        pairs = zip(self.peak.scores, self.last.scores, strict=True)
        return estimate([best - last for best, last in pairs], chosen_from=max(len(self.points) - 1, 1))

    @property
    def overfits_from(self) -> float | None:
        """The share of the search at which it began to overfit: where the peak is, if the last is worse; else None."""
        return self.peak.candidate / max(self.told, 1) if self.fall.is_positive else None

    def describe(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "tasks": list(self.tasks),
            "points": [
                {
                    "candidate": point.candidate,
                    "share": point.candidate / max(self.told, 1),
                    "search": point.search,
                    "meta": point.meta.mean,
                    "interval": point.meta.interval,
                    "fails_on": list(point.fails_on),
                }
                for point in self.points
            ],
            "fall": self.fall.mean,
            "fall_interval": self.fall.interval,
            "overfits_from": self.overfits_from,
            "sentence": str(self),
        }

    def __str__(self) -> str:
        """Return it as a sentence."""
        where = f"on {', '.join(self.tasks)}, out of the search's sight,"
        lower = f"{self.fall.mean:.4f} ±{self.fall.interval:.4f} lower"
        if self.overfits_from is not None:
            return (
                f"{where} candidate {self.peak.candidate} is at {self.peak} and the last best at {self.last},"
                f" {lower} seed by seed: the search overfits its own tasks"
                f" from {100 * self.overfits_from:.0f} % of it on"
            )
        best = f"{where} the search's best is at {self.last}"
        if len(self.points) == 1:
            return f"{best}: one point, which says nothing of overfitting"
        if self.fall.mean <= 0:
            return f"{best}: no fall is seen"
        return f"{best}: {lower} than candidate {self.peak.candidate}, which may be chance"


def meta_curve(run: Run) -> MetaCurve | None:
    """Return a run's curve on the tasks that its search does not see; None while there is no point.

    Only programs that were the best of the search count: elites are measured too where the best is chosen so, but those
    were chosen at the end. On a task where it fails, a program is at -1 with every seed.
    """
    config = run.config
    meta, racing = config.experiment.meta_validation, config.experiment.search.racing
    measured = run.evaluations(Stage.META) if meta is not None else {}
    if meta is None or not measured:
        return None
    price, whole = config.experiment.search.parsimony, racing.seeds or 1
    tasks = tuple(spec.name for spec in config.meta_specs)
    points: list[MetaPoint] = []
    best, known = -math.inf, set()
    for row in run.candidates():
        if row.fingerprint not in measured or row.fingerprint in known:
            continue
        known.add(row.fingerprint)
        search = run.evaluation(row.fingerprint, Stage.SEARCH)
        if search is None or len(search.rounds) != whole:
            continue
        value = fmean(search.rounds) - price * row.live_statements
        if value > best:
            best = value
            found = measured[row.fingerprint]
            if not found.lost and len(found.results) == len(tasks):  # earlier versions stopped at the first failure
                points.append(_point(row.number, search, found, meta.seeds))
    return MetaCurve(tasks, tuple(points), run.counts()["generated"]) if points else None


def _point(number: int, search: Evaluation, meta: Evaluation, seeds: int) -> MetaPoint:
    failed = (UNTRAINED,) * seeds
    each = [result.scores if result.failure is None else failed for result in meta.results]
    fails = tuple(result.task for result in meta.results if result.failure is not None)
    return MetaPoint(number, fmean(search.rounds), tuple(map(fmean, zip(*each, strict=True))), fails)
