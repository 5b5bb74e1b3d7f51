"""A funnel's tables on disk, in the run's folder, for the page of the run."""

from __future__ import annotations

from pathlib import Path

from lionsearch.caching import write_whole
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
        tables: one for each stage; if a program climbed every stage, one of test data and one of what was tuned.
        verdict: what it came to.
        legend: what the numbers mean.
    """

    command: str
    tables: tuple[FunnelTable, ...]
    verdict: str
    legend: str


def write_funnel(folder: Path, shown: ShownFunnel) -> None:
    """Write a funnel into its folder.

    Raises:
        SettingError: if it cannot be written.
    """
    try:
        write_whole(folder / _FILE, shown.model_dump_json(indent=1).encode("utf-8", "backslashreplace"))
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
