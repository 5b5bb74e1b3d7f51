"""A run as a page, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lionsearch.runs.view import Run


def report(
    run: Run | str | Path | Sequence[Run | str | Path], output: str | Path | None = None, *, curves: bool = False
) -> Path:
    """Write what one or more runs have found as a page that stands alone, as `lionsearch report` does.

    Args:
        run: or its folder, or several; also one that goes on.
        output: the file; None for `report.html` in the run's folder, of several runs in the working folder.
        curves: whether to train with the best program, AdamW and Lion on each task, those of the meta-validation too,
            and show the losses, and what networks draw where a task has `samples`.

    Returns:
        The file.

    Raises:
        LionSearchError: if a folder is no run, or damaged, or the file cannot be written.

    Examples:
        >>> import tempfile, lionsearch
        >>> folder = tempfile.mkdtemp()
        >>> run = lionsearch.search(
        ...     tasks="teacher_student", programs=10, workers=0, progress=False, output=folder + "/run",
        ...     evaluation={"elites": 1, "confirm_seeds": 1, "report_seeds": 1}, search={"racing": {"seeds": 1}})
        >>> page = lionsearch.report(run)  # report.html in its folder
        >>> page.read_text().startswith("<!DOCTYPE html>")
        True
    """
    given = [run] if isinstance(run, Run | str | Path) else list(run)
    runs = [each if isinstance(each, Run) else Run(each) for each in given]
    from lionsearch.reports.report_file import write_report

    return write_report(runs, None if output is None else Path(output), curves=curves)
