"""Evolution: the winner of a tournament has a child; the worst individual is dropped, or the oldest (regularized).

Invariant: the sequence of candidates depends only on the seed and on what was told before each `ask`.

References: Real et al. 2019 (arXiv 1802.01548) and Chen et al. 2023, section 2.2.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from lionsearch.evolution.candidate import Candidate, Immigrant, number_initial, seed_order
from lionsearch.evolution.mutation import mutate
from lionsearch.evolution.racing import Race, lead
from lionsearch.evolution.randomness import make_rng
from lionsearch.evolution.settings import SearchSettings
from lionsearch.graph import skeleton
from lionsearch.lang import Program


@dataclass(frozen=True, slots=True)
class _Individual:
    """A candidate, its scores in the order of its seeds, what its live statements cost, and its skeleton."""

    candidate: Candidate
    order: tuple[int, ...]
    scores: tuple[float, ...] = ()
    cost: float = 0.0
    skeleton: str = ""

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The scores of a candidate that had all seeds."""
        return tuple(score for _, score in sorted(zip(self.order, self.scores, strict=True)))


class Evolution:
    """Evolution over programs, on islands that now and then take in each other's best.

    Args:
        initial: the first population of every island is made of copies of these programs, in turn.
        settings: sizes and rates.
        seed: the whole sequence follows from it and from the scores.
    """

    def __init__(self, initial: Sequence[Program], settings: SearchSettings, seed: int):
        self._settings, self._seed = settings, seed
        self._initial = number_initial(initial, settings.racing)
        first = [_Individual(candidate, seed_order(candidate, settings.racing)) for candidate in self._initial]
        self._islands = [_Island(first, settings) for _ in range(settings.islands)]
        self._asked = self._told = 0

    def ask(self, immigrant: Immigrant | None = None) -> Candidate:
        """Return the next initial program, an immigrant, or a child of a tournament's winner."""
        number = self._asked
        self._asked += 1
        if number < len(self._initial):
            return self._initial[number]
        island = self._islands[number % len(self._islands)]
        if immigrant is not None:
            newcomer = Candidate(number, immigrant.program, None, immigrant.change)
            return newcomer.with_hurdles(island.hurdles(newcomer))
        rng = make_rng(self._seed, "child", number)
        parent = island.draw_parent(rng)
        mate = island.draw_parent(rng).program if self._settings.mutation.rates.crossover else None
        program, change = mutate(parent.program, rng, self._settings.mutation, mate)
        child = Candidate(number, program, parent.number, change)
        return child.with_hurdles(island.hurdles(child))

    def tell(self, candidate: Candidate, scores: Sequence[float]) -> None:
        """Let the candidate into its island's population."""
        order = seed_order(candidate, self._settings.racing)
        cost = _cost(candidate, self._settings)
        individual = _Individual(candidate, order, tuple(scores), cost, skeleton(candidate.live))
        if candidate.change == "initial":
            for island in self._islands:
                island.replace(individual)
        else:
            self._islands[candidate.number % len(self._islands)].add(individual)
        self._told += 1
        if len(self._islands) > 1 and self._told % self._settings.migrate_after == 0:
            self._migrate()

    def _migrate(self) -> None:
        """Let the best of each island into the next one."""
        best = [island.best() for island in self._islands]
        for island, newcomer in zip(self._islands, [best[-1], *best[:-1]], strict=True):
            island.add(newcomer)


class _Island:
    """A population, those that came first at its front, and the race that it sets."""

    def __init__(self, individuals: Sequence[_Individual], settings: SearchSettings):
        self._settings = settings
        self._race = Race()
        self._population = self._fill(individuals)
        self._record: _Individual | None = None
        self._stale = 0

    def draw_parent(self, rng: random.Random) -> Candidate:
        """Return the winner of a tournament."""
        population = self._population
        drawn = [population[rng.randrange(len(population))] for _ in range(self._settings.tournament)]
        return max(drawn, key=self._fitness).candidate

    def best(self) -> _Individual:
        """Return the best there is."""
        return max(self._population, key=self._fitness)

    def hurdles(self, candidate: Candidate) -> tuple[float, ...] | None:
        """Return what opens a candidate's further seeds; None without racing."""
        racing = self._settings.racing
        if not racing.seeds:
            return None
        cost = _cost(candidate, self._settings)
        return tuple(hurdle + cost for hurdle in self._race.hurdles(seed_order(candidate, racing), racing))

    def replace(self, individual: _Individual) -> None:
        """Let an initial program, now that it has scores, take the places of its copies."""
        number = individual.candidate.number
        self._population = deque(
            individual if other.candidate.number == number else other for other in self._population
        )
        self._update(individual)

    def add(self, individual: _Individual) -> None:
        """Let an individual in, in place of the oldest, or of the worst once there is no more room.

        The worst of its skeleton goes where there are too many of that.
        """
        if self._settings.survival == "young":
            self._population.append(individual)
            self._population.popleft()
            self._update(individual)
            return
        if individual.scores:
            self._population.append(individual)
        alike = [other for other in self._population if other.skeleton == individual.skeleton]
        if len(alike) > self._settings.niche:
            self._population.remove(min(alike, key=self._fitness))
        elif len(self._population) > self._settings.population:
            self._population.remove(min(self._population, key=self._fitness))
        self._update(individual)

    def _update(self, individual: _Individual) -> None:
        racing = self._settings.racing
        if racing.seeds:
            whole = [other for other in self._population if len(other.scores) == racing.seeds]
            self._race = lead(((other.by_seed, other.cost) for other in whole), racing)
        if self._record is None or self._fitness(individual) > self._fitness(self._record):
            self._record, self._stale = individual, 0
            return
        self._stale += 1
        if self._settings.restart_after is not None and self._stale >= self._settings.restart_after:
            self._population, self._stale = self._fill([self._record]), 0

    def _fitness(self, individual: _Individual) -> float:
        if not individual.scores:
            return -math.inf
        return self._race.estimate(individual.scores, individual.order, self._settings.racing) - individual.cost

    def _fill(self, individuals: Sequence[_Individual]) -> deque[_Individual]:
        if self._settings.survival == "best":
            return deque(individuals)
        return deque(individuals[i % len(individuals)] for i in range(self._settings.population))


def _cost(candidate: Candidate, settings: SearchSettings) -> float:
    """Return what is taken off a candidate's scores for its length."""
    return settings.parsimony * len(candidate.live.statements)
