"""Where a run stands, and how it ended: what a `SearchRun` gives to those who show it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lionsearch.lang import Program
from lionsearch.records import Evaluation, FailureKind, Stage


@dataclass(frozen=True, slots=True)
class Elite:
    """A program that was re-evaluated on fresh seeds.

    Attributes:
        candidate: its number.
        fingerprint: its name in the run.
        program: without dead code.
        search: its evaluation in the search.
        confirm: its evaluation on fresh seeds.
    """

    candidate: int
    fingerprint: str
    program: Program
    search: Evaluation
    confirm: Evaluation


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands.

    Attributes:
        told: candidates generated and told.
        total: candidates that the run will generate.
        evaluated: programs trained with in this process's lifetime.
        cached: candidates whose result was known before.
        statements: of all told candidates.
        live_statements: of all told candidates.
        replayed: candidates told from stored results, before the first new one.
        seconds: since the first result came to this process: starting workers and compiling tasks left out.
        best: the best on fresh seeds so far.
        improved: candidates told when that was found.
        improved_at: `seconds` when that was found.
        limit: `seconds` after which the search ends.
    """

    told: int
    total: int
    evaluated: int
    cached: int
    statements: int
    live_statements: int
    replayed: int
    seconds: float
    best: Elite | None
    improved: int = 0
    improved_at: float = 0.0
    limit: float = math.inf


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        progress: the last.
        best: the best program on fresh seeds, if any program has a score.
        report: its evaluation on seeds and a split that nothing was chosen by; None if the run was interrupted.
        baseline: the first initial program's evaluation on the same seeds and split.
        finished: whether the run reached its end.
        caught_up: whether it got as far as what was stored when it started; if not, the best is that of back then.
        lost: how many evaluations the system failed, by stage and kind of failure.
        stopped: why the search ended before it had told all its programs; "" if it did, or was interrupted.
        island: of several, whose best it is; "" of a run alone.
    """

    progress: Progress
    best: Elite | None
    report: Evaluation | None
    baseline: Evaluation | None
    finished: bool
    caught_up: bool
    lost: tuple[tuple[Stage, FailureKind, int], ...] = ()
    stopped: str = ""
    island: str = ""
