"""Commands that search: search, resume."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.errors import LionSearchError

if TYPE_CHECKING:
    from lionsearch.archive import RunStore
    from lionsearch.runs.config import RunConfig

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=0, help="Ray workers, at most one per core; 0 runs in this process. Default: one per core."
    ),
]
Address = Annotated[str | None, typer.Option("--address", help="Ray cluster to join; none is needed.")]


def search(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Name or file of an experiment.")],
    workers: Workers = None,
    address: Address = None,
    programs: Annotated[int | None, typer.Option("--programs", min=1, help="Programs to generate.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the run.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="New run folder. Default: runs/EXPERIMENT.")] = None,
    json_output: Json = False,
) -> None:
    """Search for optimizers."""
    from lionsearch.runs.config import load_experiment
    from lionsearch.workers import check_workers

    check_workers(workers, address)
    given = {"programs": programs, "seed": seed}
    config = load_experiment(experiment, **{key: value for key, value in given.items() if value is not None})
    folder = output or _free_folder(Path("runs") / config.name)
    from lionsearch.archive import RunStore
    from lionsearch.runs.opening import start_run

    store = start_run(folder, config)
    try:
        _drive(store, config, workers, address, json_output)
    except LionSearchError:
        RunStore.resume(folder).discard_if_empty()  # a task that cannot be used leaves no run behind
        raise


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    workers: Workers = None,
    address: Address = None,
    force: Annotated[
        bool, typer.Option("--force", help="Go on though a task or an operation has changed; the run says so.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Continue an interrupted run; its result is what it would have been."""
    from lionsearch.runs.opening import resume_run
    from lionsearch.workers import check_workers

    check_workers(workers, address)
    store, config = resume_run(run)
    _drive(store, config, workers, address, json_output, force)


def _drive(
    store: RunStore,
    config: RunConfig,
    workers: int | None,
    address: str | None,
    json_output: bool,
    force: bool = False,
) -> None:
    from lionsearch.cli.progress import ProgressDisplay
    from lionsearch.runs.conditions import check_conditions
    from lionsearch.runs.run import SearchRun
    from lionsearch.workers import open_pool

    pool = None
    try:
        with ProgressDisplay() as display:
            pool = open_pool(config.plan(), workers, address)
            for change in check_conditions(store, pool.fingerprint_tasks(), force=force):
                print(f"note: {change} since the run was made", file=sys.stderr, flush=True)
            result = SearchRun(config, store, pool, display).run()
    except KeyboardInterrupt:  # before the search began
        from lionsearch.cli.ending import resume_line

        print(f"interrupted; go on with:\n  {resume_line(store.folder, workers)}")
        raise typer.Exit(130) from None
    finally:
        if pool is not None:
            pool.close()
        store.close()
    from lionsearch.cli.ending import Ending

    ending = Ending(store.folder, config, result, workers)
    ending.save()
    if json_output:
        print_json(ending.describe())
    else:
        ending.print()
    if not result.finished:
        raise typer.Exit(130)


def _free_folder(base: Path) -> Path:
    """Return the base, or the base with the first free number."""
    number, folder = 1, base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    if number > 1:
        print(f"{base} is there already; this run goes to {folder}", file=sys.stderr)
    return folder
