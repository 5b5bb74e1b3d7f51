"""A run as a page: report, watch."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders; they may still be running.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; else report.html in the run's folder.")
    ] = None,
    curves: Annotated[
        bool, typer.Option("--curves", help="Train with the best, AdamW and Lion on each task, for learning curves.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Write what runs have found as one page of HTML that stands alone, with charts and programs."""
    from lionsearch.archive.folder import list_islands
    from lionsearch.reports.report_file import write_report
    from lionsearch.runs.view import Run

    written = write_report([Run(each) for run in runs for each in list_islands(run)], output, curves=curves)
    if json_output:
        print_json({"file": str(written), "bytes": written.stat().st_size})
    else:
        print(f"wrote {written}: open it in a browser")


def watch(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, of searches that go on.")],
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65_535, help="To listen at; else 8642, or any that is free.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Serve the page of `report` to browsers on this machine, made anew as the runs go on, until Ctrl-C."""
    from lionsearch.archive.folder import list_islands
    from lionsearch.reports.page_server import address, make_server
    from lionsearch.runs.view import Run

    server = make_server([Run(each) for run in runs for each in list_islands(run)], port)
    if json_output:
        print_json({"address": address(server)})
    else:
        print(f"open {address(server)} in a browser on this machine; Ctrl-C ends it")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt), server:
        server.serve_forever()
