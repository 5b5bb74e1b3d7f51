"""Commands that search: search, resume."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.errors import LionSearchError
from lionsearch.runs.durations import parse_duration

if TYPE_CHECKING:
    from lionsearch.archive import RunStore
    from lionsearch.runs.config import RunConfig
    from lionsearch.runs.ending import Ending
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
Time = Annotated[
    float,
    typer.Option(
        "--time",
        parser=parse_duration,
        metavar="DURATION",
        help="End the search after so long, such as 90s, 20m or 1.5h, workers started; `resume` goes on.",
        show_default=False,
    ),
]
Programs = Annotated[int | None, typer.Option("--programs", min=1, help="Programs to generate.")]
Patience = Annotated[
    int | None, typer.Option("--patience", min=1, help="End the search after so many programs without a better one.")
]
TargetScore = Annotated[
    float | None,
    typer.Option("--target", help="End the search at this score of the best on fresh seeds, on its worst task."),
]


Islands = Annotated[
    int | None,
    typer.Option(
        "--islands", min=1, help="Searches side by side, each with a process of its own, that exchange their best."
    ),
]


def search(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Name or file of an experiment.")],
    workers: Workers = None,
    address: Address = None,
    time_limit: TimeLimit = None,
    programs: Programs = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the run.")] = None,
    islands: Islands = None,
    patience: Patience = None,
    target: TargetScore = None,
    time: Time = math.inf,
    output: Annotated[Path | None, typer.Option("--output", help="New run folder. Default: runs/EXPERIMENT.")] = None,
    json_output: Json = False,
) -> None:
    """Search for optimizers."""
    from lionsearch.workers import Placement

    placement = Placement(workers, address, time_limit)
    placement.check()
    from lionsearch.runs.config import load_experiment

    tables = {} if islands is None else {"islands": {"count": islands}}
    settings = _given(programs=programs, seed=seed, patience=patience, target=target)
    config = load_experiment(experiment, **settings, **tables)
    places = placement.divide(config.experiment.islands.count)
    folder = Path("runs") / config.name
    if len(places) > 1:
        from lionsearch.runs.islands import discard_islands, start_islands
        from lionsearch.runs.opening import in_free_folder

        folders = (
            start_islands(output, config)
            if output
            else in_free_folder(folder, lambda free: start_islands(free, config))
        )
        _say_place(folder, folders[0].parent, output)
        if config.experiment.programs <= (after := config.experiment.islands.migrate_after):
            _say(f"note: the islands exchange nothing: each ends before setting 'islands.migrate_after', {after}")
        try:
            _drive_islands(folders, places, placement, json_output, time, trust=True)
        except LionSearchError:
            discard_islands(folders)
            raise
        return
    from lionsearch.runs.opening import discard, start_in_free_folder, start_run
    from lionsearch.terminal.display import command_line

    store = (
        start_run(output, config, f", or go on with it: {command_line('resume', output)}")
        if output
        else start_in_free_folder(folder, config)
    )
    _say_place(folder, store.folder, output)
    try:
        _drive(store, config, placement, json_output, time)
    except LionSearchError:
        discard(store.folder)  # a task that cannot be used leaves no run behind
        raise


def _say_place(wanted: Path, folder: Path, output: Path | None) -> None:
    if output is None and folder != wanted:
        print(f"{wanted} is there already; this run goes to {folder}", file=sys.stderr)


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    workers: Workers = None,
    address: Address = None,
    time_limit: TimeLimit = None,
    programs: Programs = None,
    patience: Patience = None,
    target: TargetScore = None,
    time: Time = math.inf,
    force: Annotated[
        bool, typer.Option("--force", help="Go on though a task, an operation or config.json has changed.")
    ] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the tasks that it names, whatever module they are in.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Continue an interrupted run; its result is what it would have been. With --programs, also a finished one."""
    from lionsearch.archive.folder import list_islands
    from lionsearch.runs.opening import resume_run
    from lionsearch.workers import Placement

    placement = Placement(workers, address, time_limit)
    placement.check()
    settings = _given(programs=programs, patience=patience, target=target)
    folders = list_islands(run)
    if folders != [run]:
        places = placement.divide(len(folders))
        _drive_islands(folders, places, placement, json_output, time, force, trust, settings)
        return
    store, config = resume_run(run, trust, force=force, **settings)
    _drive(store, config, placement, json_output, time, force)


def _given(**settings: Any) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def _drive(
    store: RunStore, config: RunConfig, placement: Placement, json_output: bool, seconds: float, force: bool = False
) -> None:
    folder = store.folder if config.island is None else store.folder.parent
    _finish(folder, placement, json_output, lambda advice: _run(store, config, placement, seconds, force, advice))


def _drive_islands(
    folders: list[Path],
    places: list[Placement],
    placement: Placement,
    json_output: bool,
    seconds: float,
    force: bool = False,
    trust: bool = False,
    settings: dict[str, Any] | None = None,
) -> None:
    from lionsearch.runs.islands import Order, drive_islands
    from lionsearch.runs.session import conclude
    from lionsearch.runs.view import Run
    from lionsearch.terminal.progress import ProgressDisplay

    folder = folders[0].parent

    def work(advice: str) -> tuple[Ending, list[str]]:
        orders = [
            Order(each, place, seconds, force, trust, settings or {}, advice)
            for each, place in zip(folders, places, strict=True)
        ]
        config = Run(folders[0]).config
        parsimony = config.experiment.search.parsimony
        result = drive_islands(orders, parsimony, ProgressDisplay(), _say)
        return conclude(folder, config, result, _say)

    _finish(folder, placement, json_output, work)


def _finish(
    folder: Path, placement: Placement, json_output: bool, work: Callable[[str], tuple[Ending, list[str]]]
) -> None:
    """Work to the end or an interrupt, store what is known, and only then say it."""
    from lionsearch.cli.crash import told_of_crashes
    from lionsearch.terminal.display import command_line

    resume_line = command_line("resume", folder, *placement.options())
    advice = f"what was evaluated is stored; go on with: {resume_line}"
    try:
        with told_of_crashes(advice), contextlib.redirect_stdout(sys.stderr):  # stdout is for results
            ending, faults = work(advice)
    except KeyboardInterrupt:  # before the search began, or after its end
        words = f"interrupted; go on with:\n  {resume_line}"
        print(words, file=sys.stderr if json_output else sys.stdout)
        raise typer.Exit(130) from None
    if json_output:
        print_json(ending.describe())
    else:
        from lionsearch.cli.final_report import print_ending

        print_ending(ending, placement)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if not ending.result.finished:
        raise typer.Exit(130)
    if faults:
        raise typer.Exit(1)


def _run(
    store: RunStore, config: RunConfig, placement: Placement, seconds: float, force: bool, advice: str
) -> tuple[Ending, list[str]]:
    """Return how the run ended, and what could not be saved."""
    from lionsearch.runs.session import Session, conclude
    from lionsearch.terminal.progress import ProgressDisplay

    session = Session(store, config, placement, ProgressDisplay(), None, seconds, _say, advice)
    try:
        result = session.drive(force)
    except LionSearchError:
        if (best := session.best_unsaved) is not None:
            from lionsearch.lang import format_program

            _say(f"the best so far, candidate {best.candidate}:\n\n{format_program(best.program)}")
        raise
    return conclude(store.folder, config, result, _say)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
