"""What trains with given programs: evaluate, tune."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from lionsearch.api.program_api import load_tasks, trace_optimizer
from lionsearch.errors import SettingError, quote
from lionsearch.lang import Program
from lionsearch.limits import MOST_SEEDS, MOST_TRIALS
from lionsearch.render.html import html_table
from lionsearch.tasks.given import Task

if TYPE_CHECKING:
    from lionsearch.runs.scores import Score
    from lionsearch.runs.tune import TuneResult
    from lionsearch.tasks.given import Task
    from lionsearch.tasks.spec import TaskSpec

_COLUMNS = ("program", "task", "score", "interval", "loss", "learning_rate", "weight_decay", "seconds")


class Scores(Sequence["Score"]):
    """Scores of programs on tasks, task by task; each is a `Score`.

    Args:
        rows: the scores.

    Examples:
        >>> import lionsearch
        >>> scores = lionsearch.evaluate(["adamw", "sgd"], "teacher_student", seeds=1)
        >>> [row["program"] for row in scores.table()], len(scores)
        (['adamw', 'sgd'], 2)
    """

    def __init__(self, rows: Sequence[Score]):
        self._rows = tuple(rows)

    @overload
    def __getitem__(self, index: int) -> Score: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Score, ...]: ...
    def __getitem__(self, index: int | slice) -> Score | tuple[Score, ...]:
        """Return a score, or several."""
        return self._rows[index]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Score]:
        """Go through them."""
        return iter(self._rows)

    def table(self) -> list[dict[str, Any]]:
        """Return a flat row for each, for `pandas.DataFrame(scores.table())`.

        `interval` is half the width of the score's 95 % confidence interval. `learning_rate` is its peak on the task,
        `lr_scale` in it, and `weight_decay` the program's own, where they are named. A step took `seconds` of the
        processor and asked for `gradients`, `losses` and Hessian-vector `products` on a batch. The task's own measures
        are `metric_NAME`.
        """
        return [
            {
                **{key: getattr(row, key) for key in _COLUMNS},
                **dict(zip(("gradients", "losses", "products"), row.costs or (None,) * 3, strict=True)),
                **{f"metric_{name}": value for name, value in row.metrics.items()},
                "failure": _say(row),
            }
            for row in self._rows
        ]

    def __repr__(self) -> str:
        """Return a line for each."""
        return "\n".join(f"{row.program} on {row.task}: {_say(row) or _interval(row)}" for row in self._rows)

    def _repr_html_(self) -> str:
        cells = [
            (row.program, row.task, None if row.failure else _interval(row), row.loss, _say(row)) for row in self._rows
        ]
        return html_table(("program", "task", "score, 95 % interval", "loss", "failure"), cells)


def _interval(row: Score) -> str:
    """Return a score with its 95 % interval; one seed has none."""
    from lionsearch.terminal.display import format_score

    return format_score(row.score, row.interval)


def _say(row: Score) -> str | None:
    return None if row.failure is None else f"{row.failure.kind}: {row.failure.detail}"


def evaluate(
    programs: Sequence[str | Path | Program] | str | Path | Program,
    tasks: Sequence[str | TaskSpec] | str | TaskSpec,
    *,
    seeds: int = 3,
    split: str = "test",
    listener: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Train with programs and score them: 0 is tuned AdamW on the same seeds, higher is better.

    Args:
        programs: themselves, or what names them; or rivals, such as `optax:adamw` or `mymodule:make`.
        tasks: names, files, or `Task` values.
        seeds: trainings with each, with other weights and batches; no search chooses by them.
        split: `test` or `validation`, the examples that the loss is measured on.
        listener: told how many of how many trainings are done.

    Raises:
        LionSearchError: if a program or a task is wrong.

    Examples:
        >>> import lionsearch
        >>> [score] = lionsearch.evaluate("adamw", "teacher_student", seeds=1)
        >>> abs(score.score) < 0.1
        True
    """
    given = [programs] if isinstance(programs, str | Path | Program) else list(programs)
    if split not in ("test", "validation"):
        raise SettingError(f"split is {split!r}; expected 'test' or 'validation'")
    _check_seeds(seeds)
    found = [trace_optimizer(program) for program in given]
    loaded = [(provenance.text or provenance.name, program) for program, provenance in found]
    if len(loaded) > 1:
        anonymous = [index for index, (_, provenance) in enumerate(found) if not provenance.text]
        for number, index in enumerate(anonymous, 1):
            loaded[index] = (f"program {number}" if len(anonymous) > 1 else "program", loaded[index][1])
    specs = load_tasks(tasks, twice=True)
    from lionsearch.evaluation.device import configure_jax

    configure_jax()
    from lionsearch.runs.scores import score_programs

    return Scores(score_programs(loaded, specs, seeds, split, listener))


def tune(
    program: str | Path | Program,
    task: str | TaskSpec,
    *,
    seeds: int = 3,
    sampler: str | None = None,
    trials: int = 40,
    listener: Callable[[int, int], None] = lambda done, total: None,
) -> TuneResult:
    """Tune a program's learning rate and weight decay on a task; `.best` is its best point.

    Args:
        program: itself, or what names it; or a rival, such as `optax:adamw`.
        task: a name, a file, or a `Task` value.
        seeds: trainings at each point.
        sampler: of Optuna that proposes the points: `tpe`, `cmaes` or `random`; None for a grid.
        trials: points that a sampler proposes.
        listener: told how many of how many points are done.

    Raises:
        LionSearchError: if the program, the task or the sampler is wrong.

    Examples:
        >>> import lionsearch
        >>> found = lionsearch.tune("sgd", "teacher_student", seeds=1)
        >>> found.best.loss == min(point.loss for point in found.points)
        True
    """
    (loaded, _), [spec] = trace_optimizer(program), load_tasks(task)
    _check_seeds(seeds)
    if not 1 <= trials <= MOST_TRIALS:
        raise SettingError(f"trials is {trials}; expected 1 to {MOST_TRIALS}")
    from lionsearch.evaluation.device import configure_jax

    configure_jax()
    from lionsearch.evaluation.plan import limits_for
    from lionsearch.evaluation.task_runner import TaskRunner

    runner = TaskRunner(spec, limits_for([loaded] if isinstance(loaded, Program) else []))
    if sampler is None:
        from lionsearch.runs.tune import tune_program

        return tune_program(loaded, runner, seeds=seeds, listener=listener)
    from lionsearch.runs.sampled_tuning import tune_sampled

    return tune_sampled(loaded, runner, sampler, trials=trials, seeds=seeds, listener=listener)


def tuned(task: Task, *, seeds: int = 3) -> Task:
    """Return a task with AdamW's best learning rate and weight decay on it, by which scores are then measured.

    Where the best rate is at the edge of the grid, a second grid is laid around it.

    Args:
        task: a `Task` value.
        seeds: trainings at each point of the grid.

    Raises:
        LionSearchError: if the task cannot be used, or AdamW does not train on it.

    Examples:
        >>> import jax, jax.numpy as jnp, numpy as np, lionsearch
        >>> x = np.random.default_rng(0).normal(size=(96, 4)).astype("float32")
        >>> parts = [(x[i::3], x[i::3] @ np.ones(4, "float32")) for i in range(3)]
        >>> problem = lionsearch.Problem(
        ...     init=lambda key: jax.random.normal(key, (4,)),
        ...     loss=lambda params, batch: jnp.mean((batch[0] @ params - batch[1]) ** 2),
        ...     train=parts[0], validation=parts[1], test=parts[2])
        >>> task = lionsearch.tuned(lionsearch.Task(problem, name="line", steps=50, batch=8), seeds=1)
        >>> task.learning_rate > 0.001
        True
    """
    if not isinstance(task, Task):
        raise SettingError(
            f"tuned() takes a lionsearch.Task, not {quote(task)}; for others: lionsearch.tune('adamw', ...)"
        )
    for _ in range(2):
        found = tune("adamw", task, seeds=seeds)
        if found.best.loss == float("inf"):
            raise SettingError(f"task {task.name!r}: AdamW does not train on it: no setting has a finite loss")
        decay = found.best.weight_decay or 0.0
        task = task.model_copy(update={"learning_rate": found.best.learning_rate, "weight_decay": decay})
        if not found.at_edge:
            break
    return task


def _check_seeds(seeds: int) -> None:
    if not isinstance(seeds, int) or not 1 <= seeds <= MOST_SEEDS:
        raise SettingError(f"seeds is {seeds}; expected 1 to {MOST_SEEDS}")
