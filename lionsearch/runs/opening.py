"""A run's folder -> its store and configuration: begun anew, or gone on with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from lionsearch.archive import RunStore
from lionsearch.archive.folder import CONFIG
from lionsearch.errors import FolderTakenError, LionSearchError, SettingError
from lionsearch.runs.config import RunConfig, dump_config, override, parse_config
from lionsearch.tasks.given import reunite
from lionsearch.tasks.spec import TaskSpec
from lionsearch.tasks.trust import check_factory

T = TypeVar("T")


def start_run(folder: Path, config: RunConfig, advice: str = "") -> RunStore:
    """Make a new run folder and return its store.

    Args:
        folder: of the run.
        config: the run's.
        advice: how to go on with a run that is there already, the end of the message.

    Raises:
        RunError: if there is something at the folder's place.
    """
    try:
        return RunStore.create(folder, dump_config(config))
    except FolderTakenError as error:
        if advice and (folder / CONFIG).is_file():
            raise FolderTakenError(f"{error}{advice}") from None
        raise


def start_in_free_folder(base: Path, config: RunConfig) -> RunStore:
    """Return the store of a new run in a folder, or in that with the first free number behind its name."""
    return in_free_folder(base, lambda folder: start_run(folder, config))


def in_free_folder(base: Path, start: Callable[[Path], T]) -> T:
    """Start something in a folder, or in that with the first free number behind its name, and return it."""
    for number in count(1):
        with contextlib.suppress(FolderTakenError):
            return start(base if number == 1 else base.with_name(f"{base.name}-{number}"))
    raise AssertionError("numbers do not end")


def resume_run(
    folder: Path, trust: bool = False, tasks: Sequence[TaskSpec] = (), force: bool = False, **settings: Any
) -> tuple[RunStore, RunConfig]:
    """Return the store and configuration of a run folder, open for writing.

    Args:
        folder: of the run.
        trust: whether its tasks may be any code, see `lionsearch.tasks.trust`.
        tasks: those of its tasks that only Python has.
        force: whether to go on with a configuration that is not as it was written.
        settings: where it ends from now on: `programs`, `patience`, `target`; stored with the run when it goes on.

    Raises:
        LionSearchError: if it is no run folder, another process is writing it, its configuration is damaged or names
            code that is not trusted, or it has told more programs than it shall have.
    """
    store = RunStore.resume(folder)
    try:
        config = parse_config(store.read_config(), str(folder))
        if not force:
            store.check_config()
        if settings:
            experiment = override(config.experiment, settings)
            told = store.counts()["generated"]
            if experiment.programs < told:
                raise SettingError(f"{folder}: has {told} programs already; expected {told} or more")
            config = config.model_copy(update={"experiment": experiment})
        whole = reunite((*config.specs, *config.meta_specs), tuple(tasks), str(folder))
        count = len(config.specs)
        config = config.model_copy(update={"specs": whole[:count], "meta_specs": whole[count:]})
        for spec in whole:
            if not trust and not any(spec is task for task in tasks):
                check_factory(spec.name, spec.factory, str(folder / CONFIG))
        return store, config
    except BaseException:
        store.close()
        raise


def discard(folder: Path) -> None:
    """Remove a run that has told no candidate, as where a task cannot be used; leave any other."""
    with contextlib.suppress(LionSearchError, OSError):
        store = RunStore.resume(folder)
        try:
            store.discard_if_empty()
        finally:
            store.close()
