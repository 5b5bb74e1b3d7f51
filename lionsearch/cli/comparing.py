"""Commands that compare programs, each tuned alike: compare, funnel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lionsearch.catalog import PROGRAMS
from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.cli.scoring import Tasks
from lionsearch.cli.searching import Address, TimeLimit, Workers
from lionsearch.errors import SettingError

if TYPE_CHECKING:
    from lionsearch.comparison.funnel import Climb

Points = Annotated[
    int, typer.Option("--points", min=1, help="Settings of learning rate and weight decay to try on each task.")
]
TuneSeeds = Annotated[int, typer.Option("--tune-seeds", min=1, help="Trainings with each setting.")]
Seeds = Annotated[int, typer.Option("--seeds", min=2, help="Trainings with the best setting, on other seeds.")]


def compare(
    task: Tasks,
    programs: Annotated[
        list[str] | None, typer.Argument(metavar="PROGRAM", help="Names, files, compositions, RUN:ID, or rivals.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All shipped programs too.")] = False,
    points: Points = 12,
    tune_seeds: TuneSeeds = 2,
    seeds: Seeds = 5,
    equal_cost: Annotated[
        bool, typer.Option("--equal-cost", help="Who asks more than a gradient in each step makes fewer steps.")
    ] = False,
    output: Annotated[
        Path, typer.Option("--output", help="Folder of trainings, table and plot; what was begun there goes on.")
    ] = Path("comparison"),
    workers: Workers = None,
    address: Address = None,
    time_limit: TimeLimit = None,
    json_output: Json = False,
) -> None:
    """Compare programs with AdamW and each other: all tuned within the same budget, measured on test data.

    Trainings are kept as they are made: after an interrupt, the same command goes on.
    """
    from lionsearch.api.comparison_api import compare as compare_on

    named = [*PROGRAMS.names(), *(programs or [])] if every else (programs or [])
    if not named:
        raise SettingError("give programs to compare, or --all")
    found = compare_on(
        named,
        task,
        points=points,
        tune_seeds=tune_seeds,
        seeds=seeds,
        equal_cost=equal_cost,
        output=output,
        workers=workers,
        address=address,
        time_limit=time_limit,
    )
    if json_output:
        print_json(found.table())
        return
    from lionsearch.comparison.shown import LEGEND, say_failures
    from lionsearch.terminal.display import print_table

    print_table(*found.rows())
    for sentence in found.left_out:
        print(sentence)
    for sentence in say_failures(found.standings):
        print(sentence, file=sys.stderr)
    print(f"{LEGEND}\n{output / 'comparison.md'} and {output / 'comparison.svg'} hold it", file=sys.stderr)


def funnel(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    stages: Annotated[
        str,
        typer.Option("--stages", help="In order, with commas: proxy (the run's tasks), middle, target, accelerator."),
    ] = "proxy,middle",
    task: Annotated[
        list[str] | None, typer.Option("--task", help="Only these tasks after the run's own; repeat for several.")
    ] = None,
    programs: Annotated[int, typer.Option("--programs", min=1, help="The best distinct programs to begin with.")] = 12,
    points: Points = 12,
    tune_seeds: TuneSeeds = 1,
    seeds: Seeds = 5,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder of trainings and table. Default: RUN/funnel.")
    ] = None,
    workers: Workers = None,
    address: Address = None,
    time_limit: TimeLimit = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the tasks that the run names, whatever module they are in.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Take a run's best programs to dearer tasks, and see which are still better than AdamW, tuned alike.

    Trainings are kept as they are made: after an interrupt, the same command goes on.
    """
    from lionsearch.api.funnel_api import funnel as funnel_of

    def tell(climb: Climb) -> None:
        counted = f"{len(climb.going_on)} of {len(climb.standings) - 1} programs go on"
        print(f"stage {climb.stage.name}: {counted}", file=sys.stderr, flush=True)

    found = funnel_of(
        run,
        stages=[name.strip() for name in stages.split(",")],
        tasks=task or (),
        programs=programs,
        points=points,
        tune_seeds=tune_seeds,
        seeds=seeds,
        output=output,
        workers=workers,
        address=address,
        time_limit=time_limit,
        trust=trust,
        listener=tell,
    )
    if json_output:
        print_json({"winner": found.winner, "rows": found.table()})
        return
    from lionsearch.comparison.shown import LEGEND
    from lionsearch.terminal.display import command_line, print_table

    for climb in found.stages:
        print(f"stage {climb.stage.name}, validation data:")
        print_table(*found.stage_rows(climb))
        print()
    if found.final:
        print("test data, those that climbed every stage:")
        print_table(*found.final_rows())
        print("\nwhat they were tuned to:")
        print_table(*found.settings_rows())
        print()
    print(found.verdict)
    if found.winner is not None:
        print(f"export it: {command_line('export', found.winner, '--to', 'optax')}")
    for sentence in found.left_out:
        print(sentence)
    print(f"{LEGEND}\n{(output or run / 'funnel') / 'funnel.md'} holds it", file=sys.stderr)
