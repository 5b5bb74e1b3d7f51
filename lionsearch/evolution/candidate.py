"""What a search asks for, and the one interface of all searches. Pure: no I/O, no clock, no workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lionsearch.evolution.racing import Race
from lionsearch.evolution.settings import RacingSettings
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.lang import Program
from lionsearch.records import race_order


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that was asked for.

    Attributes:
        number: from 0, in the order asked.
        program: dead code included.
        parent: the number of the candidate it was made from; None for an initial or a random program.
        change: the mutations that made it; `initial` or `random` where there were none.
        hurdles: for each seed after the first in its order (`race_order`), the mean score so far that opens it; None
            without racing, where the tasks say how many seeds there are.
    """

    number: int
    program: Program
    parent: int | None
    change: str
    hurdles: tuple[float, ...] | None = None


class Search(Protocol):
    """The one interface of all search algorithms."""

    def ask(self) -> Candidate:
        """Return the next candidate."""
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


def seed_order(program: Program, racing: RacingSettings) -> tuple[int, ...]:
    """Return the order in which a candidate is trained with the seeds of a race; of one seed without."""
    return race_order(fingerprint(remove_dead_code(program)), racing.seeds) if racing.seeds else (0,)
