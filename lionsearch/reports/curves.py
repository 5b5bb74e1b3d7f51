"""What is trained for a page: curves of a run's best program beside AdamW's and Lion's, and what networks draw."""

from __future__ import annotations

import numpy as np

from lionsearch.archive.folder import CONFIG
from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.errors import TaskError
from lionsearch.evaluation.plan import FIRST_SEED, Seeds, limits_for
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.lang import Program
from lionsearch.records import Stage
from lionsearch.reports.charts import Chart, chart_curves
from lionsearch.reports.samples import chart_samples
from lionsearch.runs.view import Run
from lionsearch.tasks.given import reunite
from lionsearch.tasks.spec import TaskSpec
from lionsearch.tasks.trust import check_factory

_SEEDS = 3


def draw_curves(run: Run, prefix: str) -> tuple[Chart, ...]:
    """Return a chart for each task of a run, those of its meta-validation too, and one of the images that it draws.

    While the run has no best program there is none. A task of the meta-validation that cannot be used has a sentence.

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
    specs = reunite((*run.config.specs, *run.config.meta_specs), (), str(run.folder))
    for spec in specs:
        check_factory(spec.name, spec.factory, str(run.folder / CONFIG))
    charts: list[Chart] = []
    for number, spec in enumerate(specs):
        try:
            charts += _draw(Along(spec, best.program), f"{prefix}{{}}{number}")
        except TaskError as error:
            if number < len(run.config.specs):
                raise
            charts.append(Chart("", f"Learning curves on {spec.name}", f"There are none: {error}."))
    return tuple(charts)


def _draw(along: Along, name: str) -> list[Chart]:
    task = along.runner.spec.name
    charts = [chart_curves(task, along.curves(), name.format("curves"), _SEEDS)]
    if along.runner.trainer.problem.samples is not None:
        charts.append(chart_samples(task, along.samples(), name.format("samples")))
    return charts


class Along:
    """A program, tuned AdamW and Lion, to be trained with on a task.

    Args:
        spec: the task.
        best: the program.

    Attributes:
        runner: the task, with room for all three.
    """

    def __init__(self, spec: TaskSpec, best: Program):
        adamw, lion = (load_program(str(PROGRAMS.shipped / f"{name}.py")) for name in ("adamw", "lion"))
        tuned = adamw.with_hyperparameters({"weight_decay": spec.weight_decay})
        self._programs = {"the best": best, "AdamW, tuned": tuned, "Lion, as shipped": lion}
        self.runner = TaskRunner(spec, limits_for(self._programs.values()))

    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """Return steps with the validation loss, the mean over seeds."""
        spec, first = self.runner.spec, FIRST_SEED[Stage.REPORT]
        seeds = Seeds(tuple(first + seed for seed in range(_SEEDS)), "validation")
        each = spec.steps // spec.chunks
        return {
            name: [((number + 1) * each, loss) for number, loss in enumerate(self.runner.curve(program, seeds))]
            for name, program in self._programs.items()
        }

    def samples(self) -> dict[str, np.ndarray | None]:
        """Return images (count, height, width) that the networks draw after one training; the problem has `samples`."""
        first = FIRST_SEED[Stage.REPORT]
        return {name: self.runner.trainer.draw(program, first) for name, program in self._programs.items()}
