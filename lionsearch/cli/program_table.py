"""All programs of a run as a table: `inspect` with --where, --sort or --csv."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lionsearch.cli.json_output import print_json

if TYPE_CHECKING:
    from lionsearch.runs.view import Run


def choose_programs(run: Run, where: str | None, sort: str | None) -> list[Mapping[str, Any]]:
    """Return the rows that fit a condition, in an order.

    Args:
        run: whose programs.
        where: the condition; None for all.
        sort: the column; None for the score, those with most seeds first.

    Raises:
        LionSearchError: if the condition or the column is none.
    """
    from lionsearch.runs.overview import RISING, TEXTS, list_columns, list_programs
    from lionsearch.runs.selection import parse_condition, sort_rows

    columns = list_columns(run)
    fits = parse_condition(where, [name for name in columns if name not in TEXTS]) if where is not None else None
    order = (sort,) if sort is not None else ("score", "seeds")
    sort_rows([], order[0], columns, RISING)  # a wrong name is said before anything is read
    rows: Sequence[Mapping[str, Any]] = list_programs(run)
    if fits is not None:
        rows = [row for row in rows if fits(row)]
    for column in order:
        rows = sort_rows(rows, column, columns, RISING)
    return list(rows)


def print_programs(
    run: Run, rows: Sequence[Mapping[str, Any]], top: int | None, *, as_csv: bool, as_json: bool
) -> None:
    """Print rows of `choose_programs`.

    Args:
        run: that they are of.
        rows: all that fit.
        top: how many at most; None for ten, as CSV for all.
        as_csv: whether to print them as CSV.
        as_json: whether to print them as JSON.
    """
    from lionsearch.runs.overview import list_columns

    columns = list_columns(run)
    if as_csv:
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[:top])
        return
    shown = rows[: top or 10]
    if as_json:
        programs = [{**row, "program": run.text(row["candidate"])} for row in shown]
        print_json({"run": str(run.folder), "found": len(rows), "programs": programs})
        return
    from lionsearch.terminal.display import format_score, print_table

    total = run.counts()["unique"]
    print(f"{run.folder}: {len(rows)} of {total} distinct programs{'; the first' if len(shown) < len(rows) else ''}")
    if not shown:
        return
    scores = [name for name in columns if "score" in name]
    cells = [[format_score(row[name]) if name in scores else row[name] for name in columns] for row in shown]
    print_table(columns, cells)
