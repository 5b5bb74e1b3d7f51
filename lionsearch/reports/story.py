"""A lineage as a story: only the steps that changed what a program computes, each with what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from lionsearch.records import Evaluation
from lionsearch.runs.view import Run


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a program that changed.

    Attributes:
        mark: `+` for one that came, `-` for one that went, and a blank for one that stayed.
        text: the line as it stands in the program.
    """

    mark: str
    text: str

    def __str__(self) -> str:
        """Return it as a diff has it."""
        return f"{self.mark} {self.text}"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A step of a lineage that changed what the program computes.

    Attributes:
        candidate: the number of the child.
        change: the mutations that made it.
        statements: that it has, dead code removed.
        evaluation: in the search; None if that is not stored.
        before: the score of the program before it; None if it has none, or is the first.
        lines: the program, with what came and what went; of the first all lines stay.
        skipped: ancestors right before it that changed nothing.
    """

    candidate: int
    change: str
    statements: int
    evaluation: Evaluation | None
    before: float | None
    lines: tuple[Line, ...]
    skipped: int = 0

    @property
    def score(self) -> float | None:
        """The mean over the tasks in the search; None if it has none."""
        return None if self.evaluation is None else self.evaluation.score

    @property
    def seeds(self) -> int:
        """Trainings on each task that the score is the mean of."""
        return 0 if self.evaluation is None else len(self.evaluation.rounds)


def tell_story(run: Run, candidate: int | None = None) -> list[Chapter]:
    """Return how a candidate, by default the best, came from where the search began: the start first.

    Raises:
        RunError: if there is none of that number.
    """
    found: list[Chapter] = []
    fingerprint, text, skipped = "", "", 0
    for ancestor in reversed(run.lineage(candidate)):
        row = ancestor.row
        if row.fingerprint == fingerprint:
            skipped += 1
            continue
        after = run.text(row.number)
        before = found[-1].score if found else None
        lines = diff(text or after, after)
        found.append(Chapter(row.number, row.change, row.live_statements, ancestor.evaluation, before, lines, skipped))
        fingerprint, text, skipped = row.fingerprint, after, 0
    return found


def diff(before: str, after: str) -> tuple[Line, ...]:
    r"""Return the statements of the second program with those that it lacks of the first; parameters, result too.

    Examples:
        >>> old = "def train(w, g, lr):\n    v1 = lr * g\n    return v1\n"
        >>> for line in diff(old, old.replace("lr * g", "lr * w")):
        ...     print(line)
          def train(w, g, lr):
        -     v1 = lr * g
        +     v1 = lr * w
              return v1
    """
    old, new = _statements(before), _statements(after)
    found: list[Line] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [Line(" ", text) for text in new[j1:j2]]
        else:
            found += [Line("-", text) for text in old[i1:i2]] + [Line("+", text) for text in new[j1:j2]]
    return tuple(found)


def _statements(text: str) -> Sequence[str]:
    return text[text.rfind("def train(") :].rstrip().splitlines()
