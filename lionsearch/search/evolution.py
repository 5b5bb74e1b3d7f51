"""Regularized evolution: the winner of a tournament has a child, the oldest individual is dropped.

Invariant: the sequence of candidates depends only on the seed and on what was told before each `ask`.

References: Real et al. 2019 (arXiv 1802.01548) and Chen et al. 2023, section 2.2.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from lionsearch.analysis import find_live
from lionsearch.lang import Program
from lionsearch.search.candidate import Candidate, number_initial
from lionsearch.search.mutation import mutate
from lionsearch.search.racing import Race, lead
from lionsearch.search.randomness import make_rng
from lionsearch.search.settings import SearchSettings


@dataclass(frozen=True, slots=True)
class _Individual:
    candidate: Candidate
    scores: tuple[float, ...]
    statements: int


class Evolution:
    """Regularized evolution over programs.

    Args:
        initial: the first population is made of copies of these programs, in turn.
        settings: sizes and rates.
        seed: the whole sequence follows from it and from the scores.
    """

    def __init__(self, initial: Sequence[Program], settings: SearchSettings, seed: int):
        self._settings, self._seed = settings, seed
        self._race = Race()
        self._initial = number_initial(initial, self._hurdles())
        self._asked = 0
        self._population = self._fill([_Individual(candidate, (), 0) for candidate in self._initial])
        self._best: _Individual | None = None
        self._stale = 0

    def ask(self) -> Candidate:
        """Return the next initial program, or a child of a tournament's winner."""
        number = self._asked
        self._asked += 1
        if number < len(self._initial):
            return self._initial[number]
        rng = make_rng(self._seed, "child", number)
        parent = self._draw_parent(rng)
        mate = self._draw_parent(rng).program if self._settings.mutation.rates.crossover else None
        program, change = mutate(parent.program, rng, self._settings.mutation, mate)
        return Candidate(number, program, parent.number, change, self._hurdles())

    def tell(self, candidate: Candidate, scores: Sequence[float]) -> None:
        """Let the candidate into the population, in place of the oldest."""
        individual = _Individual(candidate, tuple(scores), self._count_statements(candidate.program))
        if candidate.change == "initial":
            self._population = deque(
                individual if other.candidate.number == candidate.number else other for other in self._population
            )
        else:
            self._population.append(individual)
            self._population.popleft()
        if self._settings.racing.seeds:
            self._race = lead((other.scores for other in self._population), self._settings.racing)
        self._restart_when_stale(individual)

    def _draw_parent(self, rng: random.Random) -> Candidate:
        population = self._population
        drawn = [population[rng.randrange(len(population))] for _ in range(self._settings.tournament)]
        return max(drawn, key=self._fitness).candidate

    def _fitness(self, individual: _Individual) -> float:
        if not individual.scores:
            return -math.inf
        estimate = self._race.estimate(individual.scores, self._settings.racing)
        return estimate - self._settings.parsimony * individual.statements

    def _count_statements(self, program: Program) -> int:
        return len(find_live(program).statements) if self._settings.parsimony else 0

    def _hurdles(self) -> tuple[float, ...] | None:
        racing = self._settings.racing
        return self._race.hurdles(racing) if racing.seeds else None

    def _restart_when_stale(self, individual: _Individual) -> None:
        if self._best is None or self._fitness(individual) > self._fitness(self._best):
            self._best, self._stale = individual, 0
            return
        self._stale += 1
        if self._settings.restart_after is not None and self._stale >= self._settings.restart_after:
            self._population, self._stale = self._fill([self._best]), 0

    def _fill(self, individuals: list[_Individual]) -> deque[_Individual]:
        return deque(individuals[i % len(individuals)] for i in range(self._settings.population))
