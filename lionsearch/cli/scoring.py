"""Commands that train with given programs: evaluate and tune."""

from __future__ import annotations

import math
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.errors import SettingError, counted
from lionsearch.lang import Program
from lionsearch.limits import MOST_SEEDS, MOST_TRIALS

if TYPE_CHECKING:
    from lionsearch.runs.scores import Score
    from lionsearch.runs.tune import TuneResult


class Split(StrEnum):
    """The examples that a loss is measured on."""

    TEST = "test"
    VALIDATION = "validation"


class Sampler(StrEnum):
    """What proposes learning rates and weight decays, in place of a grid."""

    TPE = "tpe"
    CMAES = "cmaes"
    RANDOM = "random"


Tasks = Annotated[list[str], typer.Option("--task", help="Name or path of a proxy task; repeat for several.")]
SeedCount = Annotated[
    int, typer.Option("--seeds", min=1, max=MOST_SEEDS, help="Trainings, each with other weights and batches.")
]


def evaluate(
    programs: Annotated[
        list[str], typer.Argument(metavar="PROGRAM", help="Names, files, compositions, RUN:ID, or rivals.")
    ],
    task: Tasks,
    seeds: SeedCount = 3,
    split: Annotated[Split, typer.Option("--split", help="Examples that the loss is measured on.")] = Split.TEST,
    json_output: Json = False,
) -> None:
    """Train with programs and score them on test data and held-out seeds: 0 is tuned AdamW there, higher is better."""
    from lionsearch.api.scoring_api import evaluate as score
    from lionsearch.terminal.bar import show_bar

    with show_bar("training", "trainings") as listener:
        rows = score(programs, task, seeds=seeds, split=split.value, listener=listener)
    if json_output:
        print_json([asdict(row) for row in rows])
        return
    from lionsearch.terminal.display import print_table

    heads = ("program", "task", "score", f"{split.value} loss", "measured", "rate", "decay", "ms a step", "asked")
    print_table(heads, [_cells(row) for row in rows])
    interval = ", ± a 95 % confidence interval" if seeds > 1 else ""
    print(
        f"on {split.value} data, {counted(seeds, 'held-out seed')}; 0 is AdamW as tuned for the task{interval};"
        " the programs run as they stand, with the peak learning rate and weight decay shown where they are named:"
        " `lionsearch compare` tunes each; asked of training in a step: gradients g, losses f, Hessian-vector products"
        " Hv",
        file=sys.stderr,
    )


def _cells(row: Score) -> tuple[object, ...]:
    """Return what the table shows of a score."""
    from lionsearch.comparison.shown import show_costs
    from lionsearch.terminal.display import format_score

    measured = ", ".join(f"{name} {value:.4g}" for name, value in row.metrics.items())
    if row.failure is not None:
        measured = f"{row.failure.kind}: {row.failure.detail}"
    score = "failed" if row.failure is not None else format_score(row.score, row.interval)
    seconds = None if row.seconds is None else f"{1000 * row.seconds:.2g}"
    rate = None if row.learning_rate is None else f"{row.learning_rate:.2g}"
    decay = None if row.weight_decay is None else f"{row.weight_decay:g}"
    return row.program, row.task, score, row.loss, measured, rate, decay, seconds, show_costs(row.costs)


def tune(
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="Name, file, composition, RUN:ID, or a rival.")],
    task: Tasks,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=MOST_SEEDS, help="Trainings at each point.")] = 3,
    sampler: Annotated[Sampler | None, typer.Option("--sampler", help="Of Optuna, in place of a grid.")] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, max=MOST_TRIALS, help="Points that the sampler proposes: 40.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Tune a program's learning rate and weight decay on tasks, over a grid or by a sampler.

    `compare` tunes several alike and ranks them.
    """
    if trials is not None and sampler is None:
        raise SettingError("--trials is for a --sampler; the grid has points of its own")
    from lionsearch.api.program_api import load_tasks, trace_optimizer
    from lionsearch.api.scoring_api import tune as tune_on
    from lionsearch.evaluation.optimizer import names_rate
    from lionsearch.terminal.bar import show_bar

    options = {} if sampler is None else {"sampler": sampler.value, "trials": trials or 40}
    optimizer, _ = trace_optimizer(program)
    results = []
    for spec in load_tasks(task):
        with show_bar(f"tuning on {spec.name}", "points") as listener:
            results.append(tune_on(program, spec, seeds=seeds, listener=listener, **options))
    if json_output:
        print_json([{**asdict(r), "best": asdict(r.best)} for r in results])
        return
    for result in results:
        best = result.best
        print(f"{program} on {result.task}: validation loss, {counted(result.seeds, 'seed')}")
        if sampler is not None:
            _print_trials(result)
        else:
            _print_grid(result)
        if not math.isfinite(best.loss):
            print(f"no setting has a finite loss: {program} does not train on {result.task}", file=sys.stderr)
            continue
        decay = "" if best.weight_decay is None else f", weight_decay = {best.weight_decay:g}"
        print(f"best: learning_rate = {best.learning_rate:.4g}{decay}, loss {best.loss:.4g}")
        if names_rate(optimizer):
            factor = best.learning_rate / best.lr_scale
            where = "in the program" if isinstance(optimizer, Program) else "in its name"
            print(
                f"{where} that is lr_scale={best.lr_scale:.4g}{decay.replace(' = ', '=')};"
                f" its learning rate on {result.task} is {factor:.4g} times lr_scale"
            )
        if result.at_edge and sampler is None:
            print(
                "the best learning rate is at the edge of the grid; put it into the program or, for adamw, into the"
                " task, and tune again",
                file=sys.stderr,
            )


def _print_grid(result: TuneResult) -> None:
    """Print the loss at each learning rate, a row, and weight decay, a column."""
    from lionsearch.terminal.display import print_table

    decays = sorted({point.weight_decay for point in result.points if point.weight_decay is not None})
    rates = sorted({point.learning_rate for point in result.points})
    losses = {(point.learning_rate, point.weight_decay): point.loss for point in result.points}
    print_table(
        ("learning rate", *([f"decay {decay:g}" for decay in decays] or ["loss"])),
        [(f"{rate:.3g}", *(losses[rate, decay] for decay in decays or [None])) for rate in rates],
    )


def _print_trials(result: TuneResult) -> None:
    """Print what was proposed, in its order, and the loss there."""
    from lionsearch.terminal.display import print_table

    has_decay = any(point.weight_decay is not None for point in result.points)
    rows = [
        (number, f"{point.learning_rate:.3g}", *([f"{point.weight_decay:.3g}"] if has_decay else []), point.loss)
        for number, point in enumerate(result.points, 1)
    ]
    print_table(("trial", "learning rate", *(["weight decay"] if has_decay else []), "loss"), rows)
