"""Several runs side by side: what each took, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lionsearch.evaluation.estimate import Estimate
from lionsearch.runs.view import Run


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run beside others.

    Attributes:
        run: its folder.
        tasks: names of its tasks; scores of runs with other tasks cannot be compared.
        programs: generated.
        trainings: begun in the search.
        seconds: of searching; None where that is not stored.
        cache_hits: the share of programs that were known before.
        candidate: the number of the best; None while there is none.
        statements: of the best, dead code removed.
        fresh: its mean over the tasks on fresh seeds, by which it was chosen.
        test: the same on test data and held-out seeds; None before the end.
        method: the known optimizer that the best is, or its short form, without constants; None if it is none.
        identity: the same with constants.
    """

    run: str
    tasks: tuple[str, ...]
    programs: int
    trainings: int
    seconds: float | None
    cache_hits: float
    candidate: int | None
    statements: int | None
    fresh: Estimate | None
    test: Estimate | None
    method: str | None
    identity: str | None

    def rate(self, count: int) -> float | None:
        """Return how many of something there were in a second; None where that is not known."""
        return count / self.seconds if self.seconds else None


def summarize_runs(runs: Sequence[Run]) -> list[RunSummary]:
    """Return how runs stand, in their order; they may go on.

    Examples:
        >>> import tempfile, lionsearch
        >>> run = lionsearch.search(
        ...     tasks="teacher_student", programs=10, workers=0, progress=False, output=tempfile.mkdtemp() + "/run",
        ...     evaluation={"elites": 1, "confirm_seeds": 1, "report_seeds": 1}, search={"racing": {"seeds": 1}})
        >>> [found] = summarize_runs([run])
        >>> found.programs, found.candidate == run.best.candidate
        (10, True)
    """
    return [_stand(run) for run in runs]


def _stand(run: Run) -> RunSummary:
    counts, best, reported, identity = run.counts(), run.best, run.reported, run.identity
    generated = counts["generated"]
    return RunSummary(
        str(run.folder),
        run.tasks,
        generated,
        sum(row.trainings for row in run.searched()),
        max(run.times().values(), default=None),
        (generated - counts["unique"]) / max(generated, 1),
        None if best is None else best.candidate,
        None if best is None else best.statements,
        None if best is None else best.estimate,
        None if reported is None else reported.estimate,
        None if identity is None else identity.method,
        None if identity is None else str(identity),
    )
