"""How a search went, from its candidates in order: when it got better, what it wasted, and which changes paid."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from types import MappingProxyType

from lionsearch.archive import SearchedRow
from lionsearch.lang import OPERATIONS

_PARTS = 60
_CALL = re.compile(r"= (\w+)\(")
_BY_SYMBOL = {row.symbol: row.name for row in OPERATIONS.values() if row.symbol}
_INFIX = re.compile(rf" = \S+ ({'|'.join(map(re.escape, sorted(_BY_SYMBOL, key=len, reverse=True)))}) ")


@dataclass(frozen=True, slots=True)
class Climb:
    """A program that was better than all before it in the search, as the run chooses.

    Attributes:
        candidate: its number.
        trainings: begun up to it.
        score: the mean over the tasks, on the seeds that it was trained with.
        seeds: how many.
        seconds: of searching up to it; None where that is not stored.
    """

    candidate: int
    trainings: int
    score: float
    seeds: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What came of candidates that were told one after the other.

    Attributes:
        candidate: the last of them.
        cached: the share whose program was known.
        dead: the share of statements that do nothing.
        failed: the share of new programs that do not train.
    """

    candidate: int
    cached: float
    dead: float
    failed: float


@dataclass(frozen=True, slots=True)
class Payoff:
    """What came of children that were made in one way.

    Attributes:
        name: of the mutation, or of the operation that they have and their parents have not.
        count: children.
        trained: the share that trains.
        gain: the mean over those, and their parents, of the child's score less the parent's; None if there are none.
        improved: the share of all children that have a better score than their parents.
    """

    name: str
    count: int
    trained: float
    gain: float | None
    improved: float


def find_climbs(
    rows: Iterable[SearchedRow], price: float, times: Mapping[int, float] = MappingProxyType({})
) -> list[Climb]:
    """Return the programs that were better than all before them: more seeds first, then the score less the price.

    Args:
        rows: all candidates in order.
        price: of a statement, in units of the score.
        times: of candidates, by number.

    Examples:
        >>> row = SearchedRow(0, None, "initial", "a", 2, 2, 0.0, 1, 1, None)
        >>> later = row._replace(number=1, parent=0, fingerprint="b", score=0.1)
        >>> [(climb.candidate, climb.trainings) for climb in find_climbs([row, later], 0.0)]
        [(0, 1), (1, 2)]
    """
    found: list[Climb] = []
    trainings, best = 0, (0, -math.inf)
    for row in rows:
        trainings += row.trainings
        if row.score is not None and (key := (row.seeds, row.score - price * row.live_statements)) > best:
            best = key
            found.append(Climb(row.number, trainings, row.score, row.seeds, times.get(row.number)))
    return found


def find_shares(rows: Sequence[SearchedRow], parts: int = _PARTS) -> list[Share]:
    """Return what was wasted, as the search went on.

    Args:
        rows: all candidates in order.
        parts: of them, at most.
    """
    size = max(1, math.ceil(len(rows) / parts))
    known: set[str] = set()
    found: list[Share] = []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        new: list[SearchedRow] = []
        for row in part:
            if row.fingerprint not in known:
                known.add(row.fingerprint)
                new.append(row)
        statements = sum(row.statements for row in part)
        dead = statements - sum(row.live_statements for row in part)
        failed = sum(row.score is None for row in new)
        cached = len(part) - len(new)
        found.append(Share(part[-1].number, cached / len(part), dead / max(statements, 1), failed / max(len(new), 1)))
    return found


def find_mutations(rows: Sequence[SearchedRow]) -> list[Payoff]:
    """Return what each mutation brought, the most frequent first; a child of several counts for each of them."""
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    scores = [row.score for row in rows]
    for row in rows:
        if row.parent is not None:
            for name in dict.fromkeys(row.change.split(" + ")):
                tallies[name].add(row.score, scores[row.parent])
    return _sum_up(tallies)


def find_operations(rows: Sequence[SearchedRow], texts: Mapping[str, str]) -> list[Payoff]:
    """Return what each operation brought to children whose parents have it not, the most frequent first.

    Args:
        rows: all candidates in order.
        texts: of the programs by fingerprint.
    """
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    used = {fingerprint: list_operations(text) for fingerprint, text in texts.items()}
    nothing: frozenset[str] = frozenset()
    for row in rows:
        if row.parent is not None:
            parent = rows[row.parent]
            for name in used.get(row.fingerprint, nothing) - used.get(parent.fingerprint, nothing):
                tallies[name].add(row.score, parent.score)
    return _sum_up(tallies)


def list_operations(text: str) -> frozenset[str]:
    r"""Return the names of the operations in a program's text, as a run stores it, without parsing it.

    Examples:
        >>> sorted(list_operations("def train(w, g, lr):\n    v1 = sign(g)\n    v2 = lr * v1\n    return v2\n"))
        ['multiply', 'sign']
    """
    body = text[text.rfind("def train(") :]
    return frozenset([*_CALL.findall(body), *(_BY_SYMBOL[symbol] for symbol in _INFIX.findall(body))])


@dataclass(slots=True)
class _Tally:
    count: int = 0
    trained: int = 0
    improved: int = 0
    gains: list[float] = field(default_factory=list)

    def add(self, score: float | None, parent: float | None) -> None:
        self.count += 1
        if score is None:
            return
        self.trained += 1
        if parent is not None:
            self.gains.append(score - parent)
            self.improved += score > parent


def _sum_up(tallies: Mapping[str, _Tally]) -> list[Payoff]:
    found = [
        Payoff(name, each.count, each.trained / each.count, _mean(each.gains), each.improved / each.count)
        for name, each in tallies.items()
    ]
    return sorted(found, key=lambda each: (-each.count, each.name))


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None
