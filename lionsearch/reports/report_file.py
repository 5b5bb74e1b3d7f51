"""Runs -> a file with their page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lionsearch.archive.folder import REPORT
from lionsearch.errors import SettingError
from lionsearch.evaluation.device import configure_jax
from lionsearch.runs.view import Run


def write_report(runs: Sequence[Run], output: Path | None = None, *, curves: bool = False) -> Path:
    """Write the page on some runs into a file, and return that.

    Args:
        runs: also such as go on.
        output: the file; None for `report.html` in the run's folder, of several runs in the working folder.
        curves: whether to train for learning curves.

    Raises:
        LionSearchError: if a run is damaged, a task cannot be used, or the file cannot be written.
    """
    if not runs:
        raise SettingError("a report needs a run")
    text = make_page(runs, curves=curves)
    path = output or (runs[0].folder if len(runs) == 1 else Path()) / REPORT
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def load_all() -> None:
    """Load what a page is made with: JAX, by which a program is identified, and matplotlib."""
    configure_jax()
    import lionsearch.reports.page  # noqa: F401


def make_page(runs: Sequence[Run], *, curves: bool = False, live: str = "") -> str:
    """Return the page on some runs.

    Args:
        runs: also such as go on.
        curves: whether to train for learning curves.
        live: of a page that is served, the name of this state; it loads itself again when there is another.
    """
    load_all()
    from lionsearch.reports.page import write_page
    from lionsearch.reports.run_facts import gather

    found = [gather(run) for run in runs]
    drawn = []
    if curves:
        from lionsearch.reports.curves import draw_curves

        drawn = [draw_curves(run, f"run{number}-") for number, run in enumerate(runs)]
    return write_page(found, drawn, live=live)
