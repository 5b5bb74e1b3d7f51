"""Commands that train with given programs: evaluate and tune."""

from __future__ import annotations

import math
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

import typer

from lionsearch.archive.targets import load_target
from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json, counted
from lionsearch.cli.ranking_table import rank_programs
from lionsearch.errors import SettingError
from lionsearch.limits import MOST_SEEDS
from lionsearch.records import Failure, Stage, TaskResult


class Split(StrEnum):
    """The examples that a loss is measured on."""

    TEST = "test"
    VALIDATION = "validation"


Tasks = Annotated[list[str], typer.Option("--task", help="Name or path of a proxy task; repeat for several.")]
SeedCount = Annotated[
    int, typer.Option("--seeds", min=1, max=MOST_SEEDS, help="Trainings, each with other weights and batches.")
]


def evaluate(
    programs: Annotated[list[str], typer.Argument(metavar="PROGRAM", help="Names, files, compositions, or RUN:ID.")],
    task: Tasks,
    seeds: SeedCount = 3,
    split: Annotated[Split, typer.Option("--split", help="Examples that the loss is measured on.")] = Split.TEST,
    json_output: Json = False,
) -> None:
    """Train with programs and score them: 0 is tuned AdamW on the same seeds, higher is better.

    The seeds are the first of those that a search reports with; no search chooses by them, nor by the test split.
    """
    loaded = [(name, load_target(name)[0]) for name in programs]
    from lionsearch.tasks.spec import load_task

    specs = [load_task(name) for name in task]
    from lionsearch.evaluate.device import configure_jax

    configure_jax()
    from lionsearch.evaluate.plan import FIRST_SEED, Seeds, limits_for
    from lionsearch.evaluate.task_runner import TaskRunner

    first = FIRST_SEED[Stage.REPORT]
    limits = limits_for(program for _, program in loaded)
    rows: list[_Row] = []
    for spec in specs:
        runner = TaskRunner(spec, limits)
        for name, program in loaded:
            each = [runner.evaluate(program, Seeds((first + seed,), split.value)) for seed in range(seeds)]
            rows.append(_summarize(name, each))
    if json_output:
        print_json([asdict(row) for row in rows])
        return
    from lionsearch.cli.display import print_table

    columns = ("program", "task", "score", "+-", f"{split.value} loss", "measured")
    print_table(columns, [row.cells() for row in rows])
    print(
        f"score: 0 is AdamW as tuned for the task; +- is the standard error over {counted(seeds, 'seed')}",
        file=sys.stderr,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A program on a task, over several seeds; score and loss are means, and None if any seed failed."""

    program: str
    task: str
    score: float | None
    standard_error: float | None
    loss: float | None
    metrics: dict[str, float]
    scores: tuple[float | None, ...]
    failure: Failure | None

    def cells(self) -> tuple[object, ...]:
        """Return what the table shows."""
        from lionsearch.cli.display import format_score

        measured = ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.items())
        if self.failure is not None:
            measured = f"{self.failure.kind}: {self.failure.detail}"
        error = None if self.standard_error is None else f"{self.standard_error:.4f}"
        score = "failed" if self.failure is not None else format_score(self.score)
        return self.program, self.task, score, error, self.loss, measured


def _summarize(name: str, each: list[TaskResult]) -> _Row:
    """Return what the results of single seeds amount to."""
    scores = tuple(result.score for result in each)
    failure = next((result.failure for result in each if result.failure is not None), None)
    found = [score for score in scores if score is not None]
    if failure is not None:
        return _Row(name, each[0].task, None, None, None, {}, scores, failure)
    error = stdev(found) / math.sqrt(len(found)) if len(found) > 1 else None
    loss = mean(result.loss for result in each if result.loss is not None)
    metrics = {key: mean(dict(result.metrics)[key] for result in each) for key, _ in each[0].metrics}
    return _Row(name, each[0].task, mean(found), error, loss, metrics, scores, None)


def tune(
    task: Tasks,
    programs: Annotated[
        list[str] | None, typer.Argument(metavar="PROGRAM", help="Names, files, compositions, or RUN:ID.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Rank all programs.")] = False,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, max=MOST_SEEDS, help="For one program: trainings per point.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the ranking; one that was begun there is continued.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Tune a program's learning rate and weight decay on tasks, over a grid. Several programs are ranked."""
    given = programs or []
    if every == bool(given):
        raise SettingError("give one program to tune, several to rank, or --all to rank every one")
    if len(given) == 1 and output is None:
        _tune_one(given[0], task, seeds or 3, json_output)
    elif seeds is not None:
        raise SettingError("--seeds is for one program; a ranking has seeds of its own, the same for all")
    else:
        rank_programs(given, task, output or Path("ranking"), json_output)


def _tune_one(program: str, task: list[str], seeds: int, json_output: bool) -> None:
    loaded, _ = load_target(program)
    from lionsearch.tasks.spec import load_task

    specs = [load_task(name) for name in task]
    from lionsearch.evaluate.device import configure_jax

    configure_jax()
    from lionsearch.evaluate.plan import limits_for
    from lionsearch.evaluate.task_runner import TaskRunner
    from lionsearch.runs.tune import tune_program

    limits = limits_for([loaded])
    results = [tune_program(loaded, TaskRunner(spec, limits), seeds=seeds) for spec in specs]
    if json_output:
        print_json([{**asdict(r), "best": asdict(r.best)} for r in results])
        return
    from lionsearch.cli.display import print_table

    for result in results:
        best = result.best
        decays = sorted({point.weight_decay for point in result.points if point.weight_decay is not None})
        rates = sorted({point.learning_rate for point in result.points})
        losses = {(point.learning_rate, point.weight_decay): point.loss for point in result.points}
        print(f"{program} on {result.task}: validation loss, {counted(result.seeds, 'seed')}")
        print_table(
            (
                "learning rate",
                *(f"decay {decay:g}" for decay in decays or ["-"] if decay != "-"),
                *([] if decays else ["loss"]),
            ),
            [(f"{rate:.3g}", *(losses[rate, decay] for decay in decays or [None])) for rate in rates],
        )
        if not math.isfinite(best.loss):
            print(f"no setting has a finite loss: {program} does not train on {result.task}", file=sys.stderr)
            continue
        decay = "" if best.weight_decay is None else f", weight_decay = {best.weight_decay:g}"
        print(f"best: learning_rate = {best.learning_rate:.4g}{decay}, loss {best.loss:.4g}")
        if "lr_scale" in dict(loaded.hyperparameters):
            factor = best.learning_rate / best.lr_scale
            print(
                f"in the program that is lr_scale={best.lr_scale:.4g}{decay.replace(' = ', '=')};"
                f" its learning rate on {result.task} is {factor:.4g} times lr_scale"
            )
        if result.at_edge:
            print(
                "the best learning rate is at the edge of the grid; put it into the program or, for adamw, into the"
                " task, and tune again",
                file=sys.stderr,
            )
