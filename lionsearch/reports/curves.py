"""Learning curves of a run's best program beside AdamW's and Lion's: the only part of a page that trains."""

from __future__ import annotations

from lionsearch.archive.folder import CONFIG
from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.evaluation.plan import FIRST_SEED, Seeds, limits_for
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.lang import Program
from lionsearch.records import Stage
from lionsearch.reports.charts import Chart, chart_curves
from lionsearch.runs.view import Run
from lionsearch.tasks.given import reunite
from lionsearch.tasks.spec import TaskSpec
from lionsearch.tasks.trust import check_factory

_SEEDS = 3


def draw_curves(run: Run, prefix: str) -> tuple[Chart, ...]:
    """Return a chart for each task of a run; none while it has no best program.

    Args:
        run: whose tasks and best program.
        prefix: of the names of its pictures.

    Raises:
        TaskError: if a task cannot be used, or is code that a run folder may not name, as `resume` has it.
        SettingError: if a task is one that only Python has.
    """
    best = run.best
    if best is None:
        return ()
    specs = reunite(run.config.specs, (), str(run.folder))
    for spec in specs:
        check_factory(spec.name, spec.factory, str(run.folder / CONFIG))
    return tuple(
        chart_curves(spec.name, train_along(spec, best.program), f"{prefix}curves{number}", _SEEDS)
        for number, spec in enumerate(specs)
    )


def train_along(spec: TaskSpec, best: Program) -> dict[str, list[tuple[int, float]]]:
    """Return steps with the validation loss, the mean over seeds, of a program, tuned AdamW and Lion.

    Args:
        spec: the task.
        best: the program.
    """
    adamw, lion = (load_program(str(PROGRAMS.shipped / f"{name}.py")) for name in ("adamw", "lion"))
    tuned = adamw.with_hyperparameters({"weight_decay": spec.weight_decay})
    programs = {"the best": best, "AdamW, tuned": tuned, "Lion, as shipped": lion}
    runner = TaskRunner(spec, limits_for(programs.values()))
    first = FIRST_SEED[Stage.REPORT]
    seeds = Seeds(tuple(first + seed for seed in range(_SEEDS)), "validation")
    each = spec.steps // spec.chunks
    return {
        name: [((number + 1) * each, loss) for number, loss in enumerate(runner.curve(program, seeds))]
        for name, program in programs.items()
    }
