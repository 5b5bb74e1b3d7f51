"""What a run found, as values: a program with what came of it, and a candidate of a lineage."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from statistics import fmean

from lionsearch.archive import CandidateRow
from lionsearch.evaluation.estimate import Estimate, estimate
from lionsearch.graph import check_program
from lionsearch.lang import Program
from lionsearch.records import Evaluation
from lionsearch.render.html import html_code, html_table


@dataclass(frozen=True, slots=True)
class FoundProgram:
    """A program of a run with what came of it at one stage.

    Attributes:
        candidate: the number of the candidate that had it first.
        fingerprint: its name in the run.
        statements: that it has, dead code removed.
        text: the program.
        evaluation: what came of it.
        target: what names it wherever a program is asked for, `RUN:ID`.
    """

    candidate: int
    fingerprint: str
    statements: int
    text: str
    evaluation: Evaluation
    target: str

    @property
    def program(self) -> Program:
        """The program itself."""
        return check_program(self.text, f"candidate {self.candidate}")

    @property
    def score(self) -> float | None:
        """The mean over the tasks and seeds; 0 is tuned AdamW, None a failure."""
        return fmean(self.evaluation.rounds) if self.evaluation.rounds else None

    @property
    def estimate(self) -> Estimate | None:
        """The mean over the tasks, with its 95 % interval over the seeds; None of a failure."""
        by_seed = [fmean(scores) for scores in zip(*(each.scores for each in self.evaluation.results), strict=False)]
        return estimate(by_seed) if by_seed and self.evaluation.rounds else None

    @property
    def scores(self) -> dict[str, Estimate]:
        """The score on each task that was reached, with its 95 % interval."""
        return {each.task: estimate(each.scores) for each in self.evaluation.results if each.scores}

    @property
    def seeds(self) -> int:
        """Trainings on each task."""
        return min((len(each.scores) for each in self.evaluation.results if each.score is not None), default=0)

    def __str__(self) -> str:
        """Return the program's text."""
        return self.text

    def __repr__(self) -> str:
        """Return its number, length and score."""
        score = "no score" if self.score is None else f"score {self.score:+.4f}"
        return f"FoundProgram({self.target}: {self.statements} statements, {score})"

    def _repr_html_(self) -> str:
        rows = [(task, str(found)) for task, found in self.scores.items()]
        return f"<p>{escape(repr(self))}</p>{html_table(('task', 'score'), rows)}{html_code(self.text)}"


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A candidate of a lineage.

    Attributes:
        row: which one, and by which mutation it was made.
        evaluation: what came of it in the search; None if that is not stored.
    """

    row: CandidateRow
    evaluation: Evaluation | None

    def __str__(self) -> str:
        """Return it as a line."""
        row = self.row
        score = None if self.evaluation is None else self.evaluation.score
        shown = "no score" if score is None else f"score {score:+.4f}"
        return f"candidate {row.number}, {row.change}, {row.live_statements} statements, {shown}"
