"""Several runs side by side: `inspect` with more than one."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from lionsearch.cli.json_output import print_json

if TYPE_CHECKING:
    from lionsearch.evaluation.estimate import Estimate
    from lionsearch.runs.summaries import RunSummary
    from lionsearch.runs.view import Run

_COLUMNS = (
    "run",
    "programs",
    "programs/s",
    "trainings",
    "cache hits, %",
    "best",
    "statements",
    "on fresh seeds",
    "on test data",
    "it is",
)


def print_side_by_side(runs: Sequence[Run], *, as_csv: bool, as_json: bool) -> None:
    """Print how runs stand.

    Args:
        runs: also such as go on.
        as_csv: whether to print that as CSV.
        as_json: whether to print it as JSON.
    """
    from lionsearch.runs.summaries import summarize_runs

    found = summarize_runs(runs)
    if as_json:
        print_json([{**asdict(each), **_rates(each)} for each in found])
    elif as_csv:
        rows = [_flatten(each) for each in found]
        writer = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        _print_table(found)


def _rates(each: RunSummary) -> dict[str, float | None]:
    return {"programs_per_second": each.rate(each.programs), "trainings_per_second": each.rate(each.trainings)}


def _flatten(each: RunSummary) -> dict[str, Any]:
    """Return a standing as one row of columns."""
    row: dict[str, Any] = {**asdict(each), **_rates(each), "tasks": " ".join(each.tasks)}
    for name, found in (("fresh", each.fresh), ("test", each.test)):
        row[name] = None if found is None else found.mean
        row[f"{name}_interval"] = None if found is None or not isfinite(found.interval) else found.interval
    return row


def _print_table(found: Sequence[RunSummary]) -> None:
    from lionsearch.terminal.display import print_table

    print_table(_COLUMNS, [_cells(each) for each in found])
    print("\nscores are means over the tasks; 0 is tuned AdamW, ± a 95 % confidence interval over the seeds")
    if len({each.tasks for each in found}) > 1:
        print("the runs have different tasks, so their scores cannot be compared:")
        print_table(("run", "tasks"), [(each.run, ", ".join(each.tasks)) for each in found])


def _cells(each: RunSummary) -> tuple[object, ...]:
    rate = each.rate(each.programs)
    return (
        each.run,
        each.programs,
        None if rate is None else f"{rate:.3g}",
        each.trainings,
        f"{100 * each.cache_hits:.0f}",
        each.candidate,
        each.statements,
        _show(each.fresh),
        _show(each.test),
        each.method or ("-" if each.candidate is None else "no known optimizer"),
    )


def _show(found: Estimate | None) -> str:
    return "-" if found is None else str(found)
