"""Which program next: regularized evolution, random search and constant tuning behind one ask and tell.

Pure: no I/O, no clock, no workers. A candidate's random stream derives from (seed, its number), so the sequence of
candidates depends only on the seed and on what was told before each `ask`.

References: Real et al. 2019 (arXiv 1802.01548) and Chen et al. 2023, section 2.2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field

from lionsearch.lang import Program
from lionsearch.search.mutation import MutationRates, MutationSettings, mutate, random_program
from lionsearch.search.randomness import make_rng
from lionsearch.settings import Settings


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that was asked for.

    Attributes:
        number: from 0, in the order asked.
        program: dead code included.
        parent: the number of the candidate it was made from; None for an initial or a random program.
        change: the mutation that made it; `initial` or `random` where there was none.
    """

    number: int
    program: Program
    parent: int | None
    change: str


class SearchSettings(Settings):
    """How the search goes.

    Attributes:
        algorithm: `evolution`, `random` or `tuning`.
        population: programs kept by evolution; the oldest is dropped.
        tournament: programs drawn at random (one can be drawn twice), the best of which becomes a parent.
        restart_after: start a new population from the best program once so many candidates have not improved on it;
            absent, it never does.
        mutation: how children are made.
    """

    algorithm: Literal["evolution", "random", "tuning"] = "evolution"
    population: int = Field(default=1000, gt=0)
    tournament: int = Field(default=2, gt=0)
    restart_after: int | None = Field(default=None, gt=0)
    mutation: MutationSettings = MutationSettings()


class Search(Protocol):
    """The one interface of all search algorithms."""

    def ask(self) -> Candidate:
        """Return the next candidate."""
        ...

    def tell(self, candidate: Candidate, score: float | None) -> None:
        """Report a candidate's score (higher is better; None if it failed), in the order asked."""
        ...


@dataclass(frozen=True, slots=True)
class _Individual:
    candidate: Candidate
    score: float


class Evolution:
    """Regularized evolution: the winner of a tournament has a child, the oldest individual is dropped.

    Args:
        initial: the first population is made of copies of these programs, in turn.
        settings: sizes and rates.
        seed: the whole sequence follows from it and from the scores.
    """

    def __init__(self, initial: Sequence[Program], settings: SearchSettings, seed: int):
        self._settings, self._seed = settings, seed
        self._initial = _number_initial(initial)
        self._asked = 0
        unknown = [_Individual(candidate, -float("inf")) for candidate in self._initial]
        self._population = self._fill(unknown)
        self._best: _Individual | None = None
        self._stale = 0

    def ask(self) -> Candidate:
        """Return the next initial program, or a child of a tournament's winner."""
        number = self._asked
        self._asked += 1
        if number < len(self._initial):
            return self._initial[number]
        rng = make_rng(self._seed, "child", number)
        population = self._population
        drawn = [population[rng.randrange(len(population))] for _ in range(self._settings.tournament)]
        parent = max(drawn, key=lambda individual: individual.score).candidate
        program, change = mutate(parent.program, rng, self._settings.mutation)
        return Candidate(number, program, parent.number, change)

    def tell(self, candidate: Candidate, score: float | None) -> None:
        """Let the candidate into the population, in place of the oldest."""
        individual = _Individual(candidate, -float("inf") if score is None else score)
        if candidate.change == "initial":
            self._population = deque(
                individual if other.candidate.number == candidate.number else other for other in self._population
            )
        else:
            self._population.append(individual)
            self._population.popleft()
        self._restart_when_stale(individual)

    def _restart_when_stale(self, individual: _Individual) -> None:
        if self._best is None or individual.score > self._best.score:
            self._best, self._stale = individual, 0
            return
        self._stale += 1
        if self._settings.restart_after is not None and self._stale >= self._settings.restart_after:
            self._population, self._stale = self._fill([self._best]), 0

    def _fill(self, individuals: list[_Individual]) -> deque[_Individual]:
        return deque(individuals[i % len(individuals)] for i in range(self._settings.population))


class RandomSearch:
    """The initial programs, then random ones with the first's inputs and slots; nothing is learned from scores."""

    def __init__(self, initial: Sequence[Program], settings: SearchSettings, seed: int):
        self._initial = _number_initial(initial)
        self._settings, self._seed = settings, seed
        self._asked = 0

    def ask(self) -> Candidate:
        """Return the next initial program, or a random program."""
        number = self._asked
        self._asked += 1
        if number < len(self._initial):
            return self._initial[number]
        rng = make_rng(self._seed, "random", number)
        program = random_program(self._initial[0].program, rng, self._settings.mutation)
        return Candidate(number, program, None, "random")

    def tell(self, candidate: Candidate, score: float | None) -> None:
        """Ignore the score."""


def _number_initial(initial: Sequence[Program]) -> list[Candidate]:
    return [
        Candidate(number, program.inline_hyperparameters(), None, "initial") for number, program in enumerate(initial)
    ]


def make_search(initial: Sequence[Program], settings: SearchSettings, seed: int) -> Search:
    """Return the search that the settings name.

    Constant tuning is evolution whose only mutation rescales a constant.
    """
    if settings.algorithm == "random":
        return RandomSearch(initial, settings, seed)
    if settings.algorithm == "tuning":
        tune_only = MutationRates(insert=0.0, delete=0.0, change=0.0, tune=1.0)
        mutation = settings.mutation.model_copy(update={"rates": tune_only})
        return Evolution(initial, settings.model_copy(update={"mutation": mutation}), seed)
    return Evolution(initial, settings, seed)
