"""A run -> what its page says, as values: what was found, how, and under which conditions. Nothing here trains."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from lionsearch.archive.folder import is_written
from lionsearch.comparison.funnel_file import ShownFunnel, read_funnel
from lionsearch.evaluation.estimate import Estimate
from lionsearch.identification.identity import Identity, identify
from lionsearch.lang import Program
from lionsearch.records import FailureKind, Stage
from lionsearch.reports.behaviour import Map, lay_out
from lionsearch.reports.history import (
    Climb,
    Payoff,
    Share,
    find_climbs,
    find_mutations,
    find_operations,
    find_shares,
)
from lionsearch.reports.story import Chapter, tell_story
from lionsearch.runs.conditions import Change
from lionsearch.runs.config import RunConfig
from lionsearch.runs.found import FoundProgram
from lionsearch.runs.meta_validation import MetaCurve, meta_curve
from lionsearch.runs.verdict import Verdict
from lionsearch.runs.view import Run

_MOST_ELITES = 20
FAILURES = {
    FailureKind.NON_FINITE: "the loss became infinite, or not a number",
    FailureKind.NO_PROGRESS: "does not learn",
    FailureKind.TOO_LONG: "too long, or keeps too much",
    FailureKind.TIMEOUT: "took longer than the time limit (lost by the system)",
    FailureKind.WORKER_LOST: "its worker died (lost by the system)",
}
"""Why a program has no score, in words."""


class State(StrEnum):
    """Where a run stands."""

    FINISHED = "finished"
    GOING = "going"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Trained:
    """A program of the search that has a score.

    Attributes:
        candidate: the first that had it.
        statements: that it has, dead code removed.
        score: the mean over the tasks, on the seeds that it was trained with.
        seeds: how many.
    """

    candidate: int
    statements: int
    score: float
    seeds: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A program that was trained with again on fresh seeds.

    Attributes:
        candidate: its number.
        search: its score in the search; None if that is not stored.
        fresh: its score on fresh seeds, with its 95 % interval over them.
    """

    candidate: int
    search: float | None
    fresh: Estimate


@dataclass(frozen=True)
class RunFacts:
    """What the page of a run says.

    Attributes:
        folder: of the run, as it was named.
        config: of the run.
        state: where it stands.
        counts: how many candidates were generated, and so on, as `Run.counts`.
        verdict: what may be claimed; None before the end.
        best: on fresh seeds; None while there is none.
        short: the best without what changes its scores little; None if there is none.
        identity: the known method that the best is; None if it is none, or there is no best.
        climbs: when the search got better.
        trained: every program with a score, in order.
        trainings: begun in the search.
        seconds: of searching, pauses left out; None where that is not stored.
        confirmed: what was trained with again on fresh seeds, the best first.
        front: for each length that is worth it the best program, the shortest first.
        elites: the best on fresh seeds.
        map: of the elites by what they do, in their order; None of fewer than two.
        shares: what was wasted, as it went on.
        story: how the best came from the start; () if there is no best.
        mutations: what each brought.
        operations: what each brought.
        failures: how many programs of the search failed, by kind.
        changes: what scores depend on and has changed under the run, each with the candidate from which it holds.
        versions: of what it ran with, by name.
        meta: how its best did on tasks that the search does not see; None where that was not asked for.
        funnel: what became of its programs on dearer tasks; None if there is no funnel of it.
    """

    folder: str
    config: RunConfig
    state: State
    counts: dict[str, int]
    verdict: Verdict | None
    best: FoundProgram | None
    short: Program | None
    identity: Identity | None
    climbs: tuple[Climb, ...]
    trained: tuple[Trained, ...]
    trainings: int
    seconds: float | None
    confirmed: tuple[Confirmed, ...]
    front: tuple[FoundProgram, ...]
    elites: tuple[FoundProgram, ...]
    map: Map | None
    shares: tuple[Share, ...]
    story: tuple[Chapter, ...]
    mutations: tuple[Payoff, ...]
    operations: tuple[Payoff, ...]
    failures: dict[FailureKind, int]
    changes: tuple[tuple[int, Change], ...]
    versions: dict[str, str]
    meta: MetaCurve | None = None
    funnel: ShownFunnel | None = None

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks."""
        return tuple(spec.name for spec in self.config.specs)

    @property
    def programs(self) -> tuple[FoundProgram, ...]:
        """Every program that the page shows, in the order of their numbers."""
        shown = {each.candidate: each for each in (*self.front, *self.elites)}
        return tuple(shown[number] for number in sorted(shown))


def gather(run: Run) -> RunFacts:
    """Return what the page of a run says, also of one that goes on, or has nothing yet."""
    price = run.config.experiment.search.parsimony
    rows, texts, times = run.searched(), run.texts(), run.times()
    elites, best, verdict, short = run.elites(), run.best, run.verdict, run.short
    known: set[str] = set()
    trained: list[Trained] = []
    scores: dict[str, float | None] = {}
    for row in rows:
        if row.fingerprint not in known:
            known.add(row.fingerprint)
            scores[row.fingerprint] = row.score
            if row.score is not None:
                trained.append(Trained(row.number, row.live_statements, row.score, row.seeds))
    return RunFacts(
        folder=str(run.folder),
        config=run.config,
        state=_state(run, verdict, len(rows)),
        counts=run.counts(),
        verdict=verdict,
        best=best,
        short=short,
        identity=None if best is None else _identify(short or best.program),
        climbs=tuple(find_climbs(rows, price, times)),
        trained=tuple(trained),
        trainings=sum(row.trainings for row in rows),
        seconds=max(times.values(), default=None),
        confirmed=tuple(
            Confirmed(each.candidate, scores.get(each.fingerprint), found)
            for each in elites
            if (found := each.estimate) is not None
        ),
        front=tuple(run.front() if elites else _front_in_search(run)),
        elites=tuple(elites[:_MOST_ELITES]),
        map=lay_out([each.program for each in elites[:_MOST_ELITES]]),
        shares=tuple(find_shares(rows)),
        story=() if best is None else tuple(tell_story(run)),
        mutations=tuple(find_mutations(rows)),
        operations=tuple(find_operations(rows, texts)),
        failures=run.failures(Stage.SEARCH),
        changes=tuple(run.changes()),
        versions=run.versions(),
        meta=meta_curve(run),
        funnel=read_funnel(run.folder),
    )


@lru_cache(maxsize=64)
def _identify(program: Program) -> Identity | None:
    """Return what a program is; it takes a second or two, and a page is made again as a run goes on."""
    return identify(program)


def _front_in_search(run: Run) -> list[FoundProgram]:
    """Return the front of what the search has, where nothing was trained with on fresh seeds yet."""
    found: list[FoundProgram] = []
    for each in run.ranked(top=200):
        if not found or each.statements < found[-1].statements:
            found.append(each)
    return found[::-1]


def _state(run: Run, verdict: Verdict | None, told: int) -> State:
    if is_written(run.folder):
        return State.GOING
    nothing = verdict is None and run.best is None and told == run.config.experiment.programs
    return State.FINISHED if run.finished or nothing else State.STOPPED
