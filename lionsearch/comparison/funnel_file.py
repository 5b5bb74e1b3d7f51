"""A funnel's tables on disk, in the run's folder, for the page of the run."""

from __future__ import annotations

from pathlib import Path

from lionsearch.catalog.schema import Settings
from lionsearch.errors import SettingError
from lionsearch.limits import CONFIG_BYTES

FUNNEL = "funnel"
"""The folder in a run's, unless another one is asked for."""

_FILE = "funnel.json"


class FunnelTable(Settings):
    """A table of a funnel, as text.

    Attributes:
        title: what it is of.
        heads: of its columns.
        rows: of its cells.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class ShownFunnel(Settings):
    """A funnel as it is shown.

    Attributes:
        command: that made it.
        tables: one for each stage, and one of test data if a program climbed every stage.
        winner: what names the best on test data; None if all fell.
        legend: what the numbers mean.
    """

    command: str
    tables: tuple[FunnelTable, ...]
    winner: str | None
    legend: str


def write_funnel(folder: Path, shown: ShownFunnel) -> None:
    """Write a funnel into its folder.

    Raises:
        SettingError: if it cannot be written.
    """
    try:
        (folder / _FILE).write_text(shown.model_dump_json(indent=1), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingError(f"{folder / _FILE}: cannot be written: {error.strerror}") from None


def read_funnel(run: Path) -> ShownFunnel | None:
    """Return the funnel of a run's folder; None if there is none that can be read."""
    path = run / FUNNEL / _FILE
    try:
        if path.stat().st_size > CONFIG_BYTES:
            return None
        return ShownFunnel.model_validate_json(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
