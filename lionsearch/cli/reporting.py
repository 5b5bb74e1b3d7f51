"""A run as a page: report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders; they may still be running.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file.")] = Path("report.html"),
    json_output: Json = False,
) -> None:
    """Write what runs have found as one page of HTML that stands alone, with charts and programs."""
    from lionsearch.reports.report_file import write_report
    from lionsearch.runs.view import Run

    write_report([Run(run) for run in runs], output)
    if json_output:
        print_json({"file": str(output), "bytes": output.stat().st_size})
    else:
        print(f"wrote {output}: open it in a browser")
