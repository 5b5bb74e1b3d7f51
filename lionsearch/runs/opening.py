"""A run's folder -> its store and configuration: begun anew, or gone on with."""

from __future__ import annotations

from pathlib import Path

from lionsearch.archive import RunStore
from lionsearch.errors import LionSearchError
from lionsearch.runs.config import RunConfig, dump_config, parse_config


def start_run(folder: Path, config: RunConfig) -> RunStore:
    """Make a new run folder and return its store.

    Raises:
        RunError: if there is something at the folder's place.
    """
    return RunStore.create(folder, dump_config(config))


def resume_run(folder: Path) -> tuple[RunStore, RunConfig]:
    """Return the store and configuration of a run folder, open for writing.

    Raises:
        LionSearchError: if it is no run folder, or another process is writing it.
    """
    store = RunStore.resume(folder)
    try:
        return store, parse_config(store.read_config(), str(folder))
    except LionSearchError:
        store.close()
        raise
