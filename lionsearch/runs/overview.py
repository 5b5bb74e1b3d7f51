"""All programs of a run as a table, read fast: what `inspect --where` chooses from."""

from __future__ import annotations

from collections import Counter
from statistics import fmean
from typing import Any

from lionsearch.archive.whole_tables import without_collecting
from lionsearch.records import Stage
from lionsearch.runs.view import Run

TEXTS = ("change", "failure")
"""Columns that are no numbers."""

RISING = ("candidate", "parent", "statements", *TEXTS)
"""Columns of which the smallest comes first; of all others the largest."""


def list_columns(run: Run) -> tuple[str, ...]:
    """Return the columns of the table of a run's programs."""
    tasks = tuple(f"score_{task}" for task in run.tasks)
    numbers = ("candidate", "parent", "statements", "score", "confirm_score", "seeds", "trainings", "children")
    return (*numbers, *tasks, *TEXTS)


@without_collecting()
def list_programs(run: Run) -> list[dict[str, Any]]:
    """Return a row for each distinct program of a run, by the candidate that had it first.

    Columns: `candidate`, `parent`, `statements` (dead code removed), `score` (of the search: the mean over tasks and
    seeds), `confirm_score` (on fresh seeds), `seeds` and `trainings` of the search, `children` (of every candidate
    that had it), `score_TASK` for each task, `change` (the mutation) and `failure` (its kind). None stands for what a
    program has not.
    """
    rows = run.searched()
    names = [row.fingerprint for row in rows]
    children = Counter(names[row.parent] for row in rows if row.parent is not None)
    confirmed = {each.fingerprint: fmean(each.evaluation.rounds) for each in run.ranked(Stage.CONFIRM)}
    tasks, nothing = run.task_scores(), (None,) * len(run.tasks)
    columns, names_of_tasks = list_columns(run), run.tasks
    known: set[str] = set()
    found: list[dict[str, Any]] = []
    for number, parent, change, name, _, statements, score, seeds, trainings, failure in rows:
        if name in known:
            continue
        known.add(name)
        scores = tasks.get(name)
        values = (
            number,
            parent,
            statements,
            score,
            confirmed.get(name),
            seeds,
            trainings,
            children.get(name, 0),
            *(nothing if scores is None else map(scores.get, names_of_tasks)),
            change,
            None if failure is None else failure.value,
        )
        found.append(dict(zip(columns, values, strict=True)))
    return found
