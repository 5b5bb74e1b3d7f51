"""A run's folder -> its store and configuration: begun anew, or gone on with."""

from __future__ import annotations

from pathlib import Path

from lionsearch.archive import RunStore
from lionsearch.archive.folder import CONFIG
from lionsearch.errors import LionSearchError
from lionsearch.runs.config import RunConfig, dump_config, parse_config
from lionsearch.tasks.trust import check_factory


def start_run(folder: Path, config: RunConfig) -> RunStore:
    """Make a new run folder and return its store.

    Raises:
        RunError: if there is something at the folder's place.
    """
    return RunStore.create(folder, dump_config(config))


def resume_run(folder: Path, trust: bool = False) -> tuple[RunStore, RunConfig]:
    """Return the store and configuration of a run folder, open for writing.

    Args:
        folder: of the run.
        trust: whether its tasks may be any code, see `lionsearch.tasks.trust`.

    Raises:
        LionSearchError: if it is no run folder, another process is writing it, or it names code that is not trusted.
    """
    store = RunStore.resume(folder)
    try:
        config = parse_config(store.read_config(), str(folder))
        for spec in () if trust else config.specs:
            check_factory(spec.name, spec.factory, str(folder / CONFIG))
        return store, config
    except LionSearchError:
        store.close()
        raise
