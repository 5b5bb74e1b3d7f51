"""Searches from Python: begun, gone on with, and looked at."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lionsearch.archive import RunStore
from lionsearch.catalog import EXPERIMENTS
from lionsearch.catalog.schema import load_settings
from lionsearch.errors import SettingError, quote
from lionsearch.lang import Program
from lionsearch.runs.callbacks import Callback, Callbacks
from lionsearch.runs.config import Experiment, RunConfig, TaskEntry, override, resolve
from lionsearch.runs.durations import parse_duration
from lionsearch.runs.opening import discard, resume_run, start_in_free_folder, start_run
from lionsearch.runs.session import Session, conclude
from lionsearch.runs.view import Run
from lionsearch.tasks.given import Task
from lionsearch.tasks.spec import TaskSpec
from lionsearch.terminal.plain import plain
from lionsearch.terminal.progress import ProgressDisplay, progress_line
from lionsearch.workers import Placement

OneTask = str | Path | TaskSpec | TaskEntry
Tasks = Sequence[OneTask | tuple[str | Path | TaskSpec, float]] | OneTask


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
        experiment: name or file of an experiment, or one made in Python. With other tasks, all else of it holds: those
            of the quickstart are 16 seeds for what is good, and 0.02 for each statement (`search={"parsimony": 0.005}`
            takes less, where scores differ by little).
        tasks: in the place of the experiment's: names or files of tasks, `Task` values, or pairs of one of these and
            its hurdle, the score on it that opens the next one.
        output: the new run folder; None takes `runs/` and the experiment's name, or that of the tasks given, with a
            number behind it if it is there already.
        workers: on Ray; 0 trains in this process, None takes one for each core. A Ray that is running is used.
        address: of a Ray cluster to join.
        time_limit: seconds that a program may take on a worker.
        callbacks: called as the search goes on, a list of `Callback`; with any, the search waits for the fresh seeds of
            what is better, so that they hear the same with any number of workers.
        progress: whether to show it on stderr.
        time: ends the search: seconds, or such as "20m".
        settings: of the experiment: `programs`, `seed`, `initial` (names, or programs), `patience`, `target`, and
            tables such as `search={"population": 20}`, merged into the experiment's.

    Returns:
        The run, finished or interrupted.

    Raises:
        LionSearchError: if a name, a setting or a task is wrong, with what would be right; or if it cannot go on.

    Examples:
        >>> import tempfile, lionsearch
        >>> run = lionsearch.search(
        ...     tasks="teacher_student", programs=20, workers=0, progress=False, output=tempfile.mkdtemp() + "/run",
        ...     evaluation={"elites": 1, "confirm_seeds": 1, "report_seeds": 1}, search={"racing": {"seeds": 1}})
        >>> run.counts()["generated"], run.finished
        (20, True)
    """
    placement = _place(workers, address, time_limit)
    seconds = math.inf if time is None else parse_duration(time)
    heard = Callbacks(callbacks) if callbacks else None
    config = _configure(experiment, tasks, settings)
    if (count := config.experiment.islands.count) > 1:
        raise SettingError(
            f"setting 'islands.count' is {count}; expected 1: lionsearch.search is one search, and the command"
            " `lionsearch search` has several side by side"
        )
    if output:
        advice = f" as output=, or go on with it: lionsearch.resume({str(output)!r})"
        store = start_run(Path(output), config, advice)
    else:
        store = start_in_free_folder(Path("runs") / config.name, config)
    try:
        return _drive(store, config, placement, heard, progress, seconds)
    except BaseException:
        discard(store.folder)  # a task that cannot be used leaves no run behind
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
        force: whether to go on though a task or an operation has changed, which the run says, or its `config.json`.
        trust: whether to run the code of tasks that the folder names, whatever module they are in.
        settings: where it ends from now on: `programs`, by which a finished run goes on, `patience`, `target`.

    Raises:
        LionSearchError: if it cannot go on, saying why.

    Examples:
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
    heard = Callbacks(callbacks) if callbacks else None
    folder = run.folder if isinstance(run, Run) else Path(run)
    given = (tasks,) if isinstance(tasks, str | TaskSpec) else tuple(tasks)
    for task in given:
        if not isinstance(task, TaskSpec):
            raise SettingError(
                f"tasks: expected lionsearch.Task, not {quote(task)}; a run knows its other tasks itself"
            )
    store, config = resume_run(folder, trust, given, force, **settings)
    return _drive(store, config, placement, heard, progress, seconds, force)


def open_run(folder: str | Path) -> Run:
    """Return a run, also while it goes on.

    Args:
        folder: of the run.

    Raises:
        RunError: if it is no run folder, or damaged.

    Examples:
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
    if not isinstance(experiment, str | Path | Experiment):
        raise SettingError(f"expected an experiment or its name, not {quote(experiment)}; tasks are given as tasks=")
    if isinstance(experiment, Experiment):
        read, name, where = experiment, "search", "experiment"
    else:
        path = EXPERIMENTS.find(str(experiment))
        read, name, where = load_settings(path, Experiment), path.stem, str(path)
    values: dict[str, TaskSpec] = {}
    if tasks is not None:
        one = isinstance(tasks, str | Path | TaskSpec | TaskEntry) or not isinstance(tasks, Sequence)
        entries = [_enter(task, values) for task in ((tasks,) if one else tasks)]  # type: ignore[union-attr]
        read = read.model_copy(update={"tasks": tuple(entries), "description": f"{name}, on other tasks"})
        name, where = "-".join(Path(entry.task).stem for entry in entries)[:80], "search()"
    given = dict(settings)
    starts = given.get("initial", ())
    if isinstance(starts, str | Path | Program):
        starts = (starts,)
    programs = {f"<start {number}>": each for number, each in enumerate(starts) if isinstance(each, Program)}
    if "initial" in given:
        texts = {id(program): text for text, program in programs.items()}
        given["initial"] = tuple(texts.get(id(each), str(each)) for each in starts)
    return resolve(override(read, given), name, where, values, programs)


def _enter(task: Any, values: dict[str, TaskSpec]) -> TaskEntry:
    """Return the experiment's entry for a task, alone or with its hurdle, and note its value if it has one."""
    hurdle = {}
    if isinstance(task, tuple) and len(task) == 2:
        task, hurdle = task[0], {"hurdle": float(task[1])}
    if isinstance(task, TaskEntry):
        return task
    if isinstance(task, str | Path):
        return TaskEntry(task=str(task), **hurdle)
    if not isinstance(task, TaskSpec):
        raise SettingError(
            f"tasks: expected names, lionsearch.Task, TaskEntry, or pairs of one and its hurdle, not"
            f" {type(task).__name__}"
        )
    if task.name in values:
        raise SettingError(f"two tasks are called {task.name!r}; give each a name: lionsearch.Task(problem, name=...)")
    values[task.name] = task
    return TaskEntry(task=task.name, **hurdle)


def _drive(
    store: RunStore,
    config: RunConfig,
    placement: Placement,
    callback: Callback | None,
    progress: bool,
    seconds: float,
    force: bool = False,
) -> Run:
    def say(text: str) -> None:
        if progress:
            print(plain(text), file=sys.stderr, flush=True)

    def warn(text: str) -> None:
        warnings.warn(text, RuntimeWarning, stacklevel=4)

    given = ", tasks=[...]" if any(isinstance(spec, Task) for spec in config.specs) else ""
    where = f"{str(store.folder)!r}{given}"
    display = ProgressDisplay() if progress else None
    advice = f"what was evaluated is stored; go on with: lionsearch.resume({where})"
    try:
        session = Session(store, config, placement, display, callback, seconds, say if progress else warn, advice)
        result = session.drive(force)
        say(f"{'finished' if result.finished else 'interrupted'}: {progress_line(result.progress)}")
        if result.stopped:
            say(f"it ended early: {result.stopped}")
        _, faults = conclude(store.folder, config, result, say)
    except KeyboardInterrupt:
        if Run(store.folder).counts()["generated"] == 0:
            raise
        say(f"interrupted; go on with: lionsearch.resume({where})")
        return Run(store.folder)
    if not result.finished:
        say(f"interrupted; go on with: lionsearch.resume({where})")
    for fault in faults:
        warn(fault)
    return Run(store.folder)
