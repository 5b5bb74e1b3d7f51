"""Searches from Python: begun, gone on with, and looked at."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lionsearch.archive import RunStore
from lionsearch.catalog import EXPERIMENTS
from lionsearch.catalog.schema import load_settings
from lionsearch.errors import LionSearchError, SettingError
from lionsearch.runs.callbacks import Callback, Callbacks
from lionsearch.runs.config import Experiment, RunConfig, TaskEntry, override, resolve
from lionsearch.runs.durations import parse_duration
from lionsearch.runs.opening import resume_run, start_in_free_folder, start_run
from lionsearch.runs.view import Run
from lionsearch.tasks.spec import TaskSpec
from lionsearch.workers import Placement

Tasks = Sequence[str | TaskSpec | TaskEntry] | str | TaskSpec


def search(
    experiment: str | Path | Experiment = "quickstart",
    *,
    tasks: Tasks | None = None,
    output: str | Path | None = None,
    workers: int | None = None,
    address: str | None = None,
    time_limit: float | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    time: float | str | None = None,
    **settings: Any,
) -> Run:
    """Search for optimizers, as `lionsearch search` does.

    An interrupt (Ctrl-C, or the stop button of a notebook) ends it with what it has; `resume` goes on.

    Args:
        experiment: name or file of an experiment, or one made in Python.
        tasks: in the place of the experiment's: names or files of tasks, `Task` values, or entries with hurdles.
        output: the new run folder; None takes `runs/EXPERIMENT`, with a number behind it if it is there already.
        workers: on Ray; 0 trains in this process, None takes one for each core. A Ray that is running is used.
        address: of a Ray cluster to join.
        time_limit: seconds that a program may take on a worker.
        callbacks: called as the search goes on.
        progress: whether to show it on stderr.
        time: ends the search: seconds, or such as "20m".
        settings: of the experiment: `programs`, `seed`, `initial`, `patience`, `target`, and tables such as
            `search={"population": 20}`, merged into the experiment's.

    Returns:
        The run, finished or interrupted.

    Raises:
        LionSearchError: if a name, a setting or a task is wrong, with what would be right; or if it cannot go on.

    Example:
        >>> import tempfile, lionsearch
        >>> run = lionsearch.search(
        ...     tasks="teacher_student", programs=20, workers=0, progress=False, output=tempfile.mkdtemp() + "/run",
        ...     evaluation={"elites": 1, "confirm_seeds": 1, "report_seeds": 1}, search={"racing": {"seeds": 1}})
        >>> run.counts()["generated"], run.finished
        (20, True)
    """
    placement = _place(workers, address, time_limit)
    seconds = math.inf if time is None else parse_duration(time)
    config = _configure(experiment, tasks, settings)
    store = start_run(Path(output), config) if output else start_in_free_folder(Path("runs") / config.name, config)
    try:
        return _drive(store, config, placement, callbacks, progress, seconds)
    except LionSearchError:
        with contextlib.suppress(LionSearchError, OSError):
            RunStore.resume(store.folder).discard_if_empty()  # a task that cannot be used leaves no run behind
        raise


def resume(
    run: Run | str | Path,
    *,
    tasks: Sequence[TaskSpec] | TaskSpec = (),
    workers: int | None = None,
    address: str | None = None,
    time_limit: float | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    time: float | str | None = None,
    force: bool = False,
    trust: bool = False,
    **settings: Any,
) -> Run:
    """Go on with an interrupted run; its result is what it would have been.

    Args:
        run: or its folder.
        tasks: those of its tasks that are Python values: a run stores their settings, not their code.
        workers: as `search` takes them.
        address: likewise.
        time_limit: likewise.
        callbacks: likewise; they see what is stored once more.
        progress: whether to show it on stderr.
        time: ends the search, counted from where new programs are evaluated.
        force: whether to go on though a task or an operation has changed; the run says so.
        trust: whether to run the code of tasks that the folder names, whatever module they are in.
        settings: where it ends from now on: `programs`, by which a finished run goes on, `patience`, `target`.

    Raises:
        LionSearchError: if it cannot go on, saying why.

    Example:
        >>> import tempfile, lionsearch
        >>> run = lionsearch.search(
        ...     tasks="teacher_student", programs=10, workers=0, progress=False, output=tempfile.mkdtemp() + "/run",
        ...     evaluation={"elites": 1, "confirm_seeds": 1, "report_seeds": 1}, search={"racing": {"seeds": 1}})
        >>> longer = lionsearch.resume(run, programs=15, workers=0, progress=False)
        >>> longer.counts()["generated"]
        15
    """
    placement = _place(workers, address, time_limit)
    seconds = math.inf if time is None else parse_duration(time)
    allowed = ("programs", "patience", "target")
    for name in settings:
        if name not in allowed:
            raise SettingError(f"resume() takes no setting {name!r}; of a run's, only {', '.join(allowed)} may change")
    folder = run.folder if isinstance(run, Run) else Path(run)
    given = (tasks,) if isinstance(tasks, TaskSpec) else tuple(tasks)
    store, config = resume_run(folder, trust, given, **settings)
    return _drive(store, config, placement, callbacks, progress, seconds, force)


def open_run(folder: str | Path) -> Run:
    """Return a run, also while it goes on.

    Args:
        folder: of the run.

    Raises:
        RunError: if it is no run folder, or damaged.

    Example:
        >>> import tempfile, lionsearch
        >>> run = lionsearch.search(
        ...     tasks="teacher_student", programs=10, workers=0, progress=False, output=tempfile.mkdtemp() + "/run",
        ...     evaluation={"elites": 1, "confirm_seeds": 1, "report_seeds": 1}, search={"racing": {"seeds": 1}})
        >>> lionsearch.open_run(run.folder).best.program == run.best.program
        True
    """
    return Run(folder)


def _place(workers: int | None, address: str | None, time_limit: float | None) -> Placement:
    placement = Placement(workers, address, time_limit)
    placement.check()
    return placement


def _configure(experiment: str | Path | Experiment, tasks: Tasks | None, settings: Mapping[str, Any]) -> RunConfig:
    if isinstance(experiment, Experiment):
        read, name, where = experiment, "search", "experiment"
    else:
        path = EXPERIMENTS.find(str(experiment))
        read, name, where = load_settings(path, Experiment), path.stem, str(path)
    values: dict[str, TaskSpec] = {}
    if tasks is not None:
        entries = [_enter(task, values) for task in ((tasks,) if isinstance(tasks, str | TaskSpec) else tasks)]
        read = read.model_copy(update={"tasks": tuple(entries)})
    return resolve(override(read, settings), name, where, values)


def _enter(task: str | TaskSpec | TaskEntry, values: dict[str, TaskSpec]) -> TaskEntry:
    """Return the experiment's entry for a task, and note its value if it has one."""
    if isinstance(task, TaskEntry):
        return task
    if isinstance(task, str):
        return TaskEntry(task=task)
    if not isinstance(task, TaskSpec):
        raise SettingError(f"tasks: expected names, lionsearch.Task or TaskEntry, not {type(task).__name__}")
    if task.name in values:
        raise SettingError(f"two tasks are called {task.name!r}; give each a name: lionsearch.Task(problem, name=...)")
    values[task.name] = task
    return TaskEntry(task=task.name)


def _drive(
    store: RunStore,
    config: RunConfig,
    placement: Placement,
    callbacks: Sequence[Callback],
    progress: bool,
    seconds: float,
    force: bool = False,
) -> Run:
    from lionsearch.runs.session import Session, conclude
    from lionsearch.terminal.progress import ProgressDisplay

    def say(text: str) -> None:
        if progress:
            print(text, file=sys.stderr, flush=True)

    display = ProgressDisplay(placement.describe_limit()) if progress else None
    advice = f"what was evaluated is stored; go on with: lionsearch.resume({str(store.folder)!r})"
    session = Session(store, config, placement, display, Callbacks(callbacks), seconds, say, advice)
    result = session.drive(force)
    if result.stopped:
        say(f"it ended early: {result.stopped}")
    _, faults = conclude(store.folder, config, result, say)
    if not result.finished:
        say(f"interrupted; go on with: lionsearch.resume({str(store.folder)!r})")
    for fault in faults:
        say(f"error: {fault}")
    return Run(store.folder)
