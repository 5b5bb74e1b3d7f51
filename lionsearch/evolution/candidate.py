"""What a search asks for, and the one interface of all searches. Pure: no I/O, no clock, no workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from lionsearch.evolution.racing import Race
from lionsearch.evolution.settings import RacingSettings
from lionsearch.graph import remove_dead_code
from lionsearch.graph.fingerprint import fingerprint_live
from lionsearch.lang import Program
from lionsearch.records import race_order


@dataclass(frozen=True, slots=True)
class Immigrant:
    """A program that another search found.

    Attributes:
        program: without dead code.
        origin: where it is from.
    """

    program: Program
    origin: str

    @property
    def change(self) -> str:
        """What a candidate that is this program is said to be made by."""
        return f"{MIGRATION}{self.origin}"


MIGRATION = "migration from "
"""The beginning of what an immigrant is said to be made by."""


@dataclass(frozen=True)
class Candidate:
    """A program that was asked for.

    Attributes:
        number: from 0, in the order asked.
        program: dead code included.
        parent: the number of the candidate it was made from; None for an initial or a random program.
        change: the mutations that made it; `initial`, `random` or `migration from ORIGIN` where there were none.
        hurdles: for each seed after the first in its order (`race_order`), the mean score so far that opens it; None
            without racing, where the tasks say how many seeds there are.
    """

    number: int
    program: Program
    parent: int | None
    change: str
    hurdles: tuple[float, ...] | None = None

    @cached_property
    def live(self) -> Program:
        """The program without dead code."""
        return remove_dead_code(self.program)

    @cached_property
    def fingerprint(self) -> str:
        """The program's, by which it is known."""
        return fingerprint_live(self.live)

    def with_hurdles(self, hurdles: tuple[float, ...] | None) -> Candidate:
        """Return the candidate in another race; what is known of its program stays known."""
        other = replace(self, hurdles=hurdles)
        other.__dict__.update(live=self.live, fingerprint=self.fingerprint)
        return other


class Search(Protocol):
    """The one interface of all search algorithms."""

    def ask(self, immigrant: Immigrant | None = None) -> Candidate:
        """Return the next candidate, which is the immigrant if there is one and the initial programs are through."""
        ...

    def tell(self, candidate: Candidate, scores: Sequence[float]) -> None:
        """Report a candidate's score on each seed, candidates in the order asked.

        Args:
            candidate: as it was asked for.
            scores: in the order of its seeds; higher is better; none if it failed.
        """
        ...


def number_initial(initial: Sequence[Program], racing: RacingSettings) -> list[Candidate]:
    """Return the candidates that a search begins with; a race is open to all of them."""
    hurdles = Race().hurdles(range(racing.seeds), racing) if racing.seeds else None
    return [
        Candidate(number, program.inline_hyperparameters(), None, "initial", hurdles)
        for number, program in enumerate(initial)
    ]


def seed_order(candidate: Candidate, racing: RacingSettings) -> tuple[int, ...]:
    """Return the order in which a candidate is trained with the seeds of a race; of one seed without."""
    return race_order(candidate.fingerprint, racing.seeds) if racing.seeds else (0,)
