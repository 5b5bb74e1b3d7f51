"""Commands that search: search, resume."""

from __future__ import annotations

import contextlib
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.errors import FolderTakenError, LionSearchError, RunError

if TYPE_CHECKING:
    from lionsearch.archive import RunStore
    from lionsearch.runs.config import RunConfig
    from lionsearch.runs.result import RunResult
    from lionsearch.runs.run import SearchRun
    from lionsearch.workers import Placement

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=0, help="Ray workers, at most one per core; 0 runs in this process. Default: one per core."
    ),
]
Address = Annotated[
    str | None,
    typer.Option("--address", help="Ray cluster to join, HOST:PORT, auto or ray://HOST:PORT; none is needed."),
]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", min=1.0, help="Seconds that a program may take on a Ray worker. Default: 300."),
]


def search(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Name or file of an experiment.")],
    workers: Workers = None,
    address: Address = None,
    time_limit: TimeLimit = None,
    programs: Annotated[int | None, typer.Option("--programs", min=1, help="Programs to generate.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the run.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="New run folder. Default: runs/EXPERIMENT.")] = None,
    json_output: Json = False,
) -> None:
    """Search for optimizers."""
    from lionsearch.runs.config import load_experiment
    from lionsearch.workers import Placement

    placement = Placement(workers, address, time_limit)
    placement.check()
    given = {"programs": programs, "seed": seed}
    config = load_experiment(experiment, **{key: value for key, value in given.items() if value is not None})
    from lionsearch.archive import RunStore
    from lionsearch.runs.opening import start_run

    store = start_run(output, config) if output else _start_in_free_folder(Path("runs") / config.name, config)
    try:
        _drive(store, config, placement, json_output)
    except LionSearchError:
        with contextlib.suppress(LionSearchError, OSError):
            RunStore.resume(store.folder).discard_if_empty()  # a task that cannot be used leaves no run behind
        raise


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    workers: Workers = None,
    address: Address = None,
    time_limit: TimeLimit = None,
    force: Annotated[
        bool, typer.Option("--force", help="Go on though a task or an operation has changed; the run says so.")
    ] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the tasks that it names, whatever module they are in.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Continue an interrupted run; its result is what it would have been."""
    from lionsearch.runs.opening import resume_run
    from lionsearch.workers import Placement

    placement = Placement(workers, address, time_limit)
    placement.check()
    store, config = resume_run(run, trust)
    _drive(store, config, placement, json_output, force)


def _drive(store: RunStore, config: RunConfig, placement: Placement, json_output: bool, force: bool = False) -> None:
    """Run to the end or an interrupt, store what is known, and only then say it."""
    from lionsearch.cli.crash import told_of_crashes
    from lionsearch.cli.ending import Ending, resume_line, save_best

    advice = f"what was evaluated is stored; go on with: {resume_line(store.folder, placement)}"
    try:
        with told_of_crashes(advice), contextlib.redirect_stdout(sys.stderr):  # stdout is for results
            result = _run(store, config, placement, force, advice)
            faults = save_best(store.folder, result)
            ending = Ending(store.folder, config, result, placement)
            faults += ending.save()
    except KeyboardInterrupt:  # before the search began, or after its end
        words = f"interrupted; go on with:\n  {resume_line(store.folder, placement)}"
        print(words, file=sys.stderr if json_output else sys.stdout)
        raise typer.Exit(130) from None
    if json_output:
        print_json(ending.describe())
    else:
        ending.print()
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if not ending.result.finished:
        raise typer.Exit(130)
    if faults:
        raise typer.Exit(1)


def _run(store: RunStore, config: RunConfig, placement: Placement, force: bool, advice: str) -> RunResult:
    """Return how the run ended.

    Raises:
        LionSearchError: if it cannot go on; the message says how it can if something is stored.
    """
    from lionsearch.cli.progress import ProgressDisplay
    from lionsearch.runs.conditions import check_conditions
    from lionsearch.runs.run import SearchRun
    from lionsearch.workers import open_pool

    pool = run = None
    try:
        with ProgressDisplay(placement.describe_limit()) as display:
            pool = open_pool(config.plan(), placement)
            for change in check_conditions(store, pool.fingerprint_tasks(), force=force):
                print(f"note: {change} since the run was made", file=sys.stderr, flush=True)
            run = SearchRun(config, store, pool, display)
            return run.run()
    except LionSearchError as error:
        if run is None or not _is_begun(store):
            raise
        _show_best(run, store.folder)
        raise RunError(f"{error}; {advice}") from error
    finally:
        if pool is not None:
            pool.close()
        store.close()


def _is_begun(store: RunStore) -> bool:
    """Return whether anything is stored, which it is where the database itself is at fault."""
    try:
        return store.counts()["generated"] > 0
    except LionSearchError:
        return True


def _show_best(run: SearchRun, folder: Path) -> None:
    """Print the best program so far where it may be stored nowhere else."""
    from lionsearch.lang import format_program

    best = run.progress().best
    if best is not None and not folder.is_dir():
        print(f"the best so far, candidate {best.candidate}:\n\n{format_program(best.program)}", file=sys.stderr)


def _start_in_free_folder(base: Path, config: RunConfig) -> RunStore:
    """Return the store of a new run in the base, or in the base with the first free number."""
    from lionsearch.runs.opening import start_run

    for number in count(1):
        folder = base if number == 1 else base.with_name(f"{base.name}-{number}")
        try:
            store = start_run(folder, config)
        except FolderTakenError:
            continue
        if number > 1:
            print(f"{base} is there already; this run goes to {folder}", file=sys.stderr)
        return store
    raise AssertionError("numbers do not end")
