"""Which search: regularized evolution, and the baselines of random search and constant tuning.

A candidate's random stream derives from (seed, its number), so the sequence of candidates depends only on the seed
and on what was told before each `ask`.

References: Chen et al. 2023, section 2.2 and figure 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from lionsearch.evolution.candidate import Candidate, Immigrant, Search, number_initial
from lionsearch.evolution.evolution import Evolution
from lionsearch.evolution.mutation import random_program
from lionsearch.evolution.randomness import make_rng
from lionsearch.evolution.settings import MutationRates, SearchSettings
from lionsearch.lang import Program


class RandomSearch:
    """The initial programs, then random ones with the first's inputs and slots; nothing is learned from scores."""

    def __init__(self, initial: Sequence[Program], settings: SearchSettings, seed: int):
        self._initial = number_initial(initial, settings.racing)
        self._settings, self._seed = settings, seed
        self._asked = 0

    def ask(self, immigrant: Immigrant | None = None) -> Candidate:
        """Return the next initial program, an immigrant, or a random program."""
        number = self._asked
        self._asked += 1
        if number < len(self._initial):
            return self._initial[number]
        if immigrant is not None:
            return Candidate(number, immigrant.program, None, immigrant.change, self._initial[0].hurdles)
        rng = make_rng(self._seed, "random", number)
        program = random_program(self._initial[0].program, rng, self._settings.mutation)
        return Candidate(number, program, None, "random", self._initial[0].hurdles)

    def tell(self, candidate: Candidate, scores: Sequence[float]) -> None:
        """Ignore the scores."""


def make_search(initial: Sequence[Program], settings: SearchSettings, seed: int) -> Search:
    """Return the search that the settings name.

    Constant tuning is evolution whose only mutation changes a constant.
    """
    if settings.algorithm == "random":
        return RandomSearch(initial, settings, seed)
    if settings.algorithm == "tuning":
        tune_only = MutationRates(**dict.fromkeys(MutationRates.model_fields, 0.0) | {"tune": 1.0})
        mutation = settings.mutation.model_copy(update={"rates": tune_only})
        return Evolution(initial, settings.model_copy(update={"mutation": mutation}), seed)
    return Evolution(initial, settings, seed)
