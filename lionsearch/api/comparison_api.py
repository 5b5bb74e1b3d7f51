"""Programs against each other, each tuned alike: compare."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lionsearch.api.program_api import load_tasks, trace_optimizer
from lionsearch.catalog import PROGRAMS
from lionsearch.errors import SettingError, TaskError
from lionsearch.lang import Program
from lionsearch.limits import MOST_SEEDS
from lionsearch.render.html import html_table

if TYPE_CHECKING:
    from lionsearch.comparison.contest import Budget
    from lionsearch.comparison.contestant import Contestant
    from lionsearch.comparison.laboratory import Laboratory
    from lionsearch.comparison.standing import Standing
    from lionsearch.tasks.spec import TaskSpec
    from lionsearch.terminal.trainings import TrainingsDisplay
    from lionsearch.workers import Placement

MOST_POINTS = 1000


class Comparison:
    """Programs on tasks, each tuned within the same budget: the best mean score first.

    Args:
        standings: the best first.
        budget: what each got on each task.
        left_out: a sentence for each task that nothing could be measured on.

    Examples:
        >>> import lionsearch
        >>> found = lionsearch.compare("sgd", "teacher_student", points=1, seeds=2, progress=False)
        >>> [row["score"] for row in found.table() if row["program"] == "adamw_debiased"]
        [0.0]
    """

    def __init__(
        self,
        standings: Sequence[Standing],
        budget: Budget,
        left_out: Sequence[str] = (),
    ):
        self.standings, self.budget, self.left_out = tuple(standings), budget, tuple(left_out)

    def table(self) -> list[dict[str, Any]]:
        """Return a flat row for each program on each task, for `pandas.DataFrame(comparison.table())`.

        Columns: `program`, `task`, `place`, `tied`, `score` (0 is AdamW, tuned alike) with its 95 % `interval`,
        `scores` of each seed, `loss` with its `loss_interval`, the task's own measures as `metric_NAME`, the settings
        found (`learning_rate`, the peak of `lr * lr_scale`, and `weight_decay`), `points` tried, `failed` trainings,
        `seconds_per_step` of the processor, `state` for each weight, and the `gradients`, `losses` and Hessian-vector
        `products` that a step asks for on a batch.
        """
        from lionsearch.comparison.shown import flat_rows

        return flat_rows(self.standings)

    def markdown(self, title: str = "Comparison", command: str = "lionsearch compare") -> str:
        """Return it as a page of Markdown, with losses and settings."""
        from lionsearch.comparison.shown import markdown

        return markdown(title, command, self.standings, self.budget)

    def plot(self, path: str | Path) -> None:
        """Write a plot of the scores, SVG or PNG by the file's name."""
        from lionsearch.comparison.shown import plot

        plot(self.standings, Path(path))

    def rows(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return the heads and the rows of its table, as text."""
        from lionsearch.comparison.shown import table

        return table(self.standings)

    def __repr__(self) -> str:
        """Return a line for each program."""
        rows = [f"{each.shown_place:>3} {each.contestant}: {each.lead}" for each in self.standings]
        return "\n".join([*rows, *self.left_out])

    def _repr_html_(self) -> str:
        return html_table(*self.rows())


def compare(
    programs: Sequence[str | Path | Program] | str | Path | Program,
    tasks: Sequence[str | TaskSpec] | str | TaskSpec,
    *,
    points: int = 12,
    tune_seeds: int = 2,
    seeds: int = 5,
    equal_cost: bool = False,
    output: str | Path | None = None,
    workers: int | None = 0,
    address: str | None = None,
    time_limit: float | None = None,
    progress: bool = True,
) -> Comparison:
    """Compare programs on tasks: each is tuned within the same budget, and measured on other seeds and test data.

    AdamW is always among them, tuned like the others: it is what 0 means. It is `adamw_debiased`, with bias correction
    as libraries have it; the `adamw` that a search begins with is the paper's, which has none. Comparisons are paired:
    all train with the same seeds, so the same initial weights and batches, and those of whom none is better
    than another seed by seed share a place.

    Args:
        programs: themselves, or what names them.
        tasks: names, files, or `Task` values.
        points: settings of learning rate and weight decay that are tried on each task, at most.
        tune_seeds: trainings with each.
        seeds: trainings with the best one, on seeds and data that nothing was chosen by.
        equal_cost: whether who asks more of training than a gradient in each step, such as a line search, trains for as
            many steps fewer: a loss counts as a third of a gradient, a Hessian-vector product as two.
        output: a folder where each training is kept as it is made, so that what was stopped goes on; with
            `comparison.md`, `comparison.svg`, and the rows of `.table()` as `comparison.json`.
        workers: on Ray; 0 trains in this process, None takes one for each core.
        address: of a Ray cluster to join.
        time_limit: seconds that a training may take on a worker.
        progress: whether to show it on stderr.

    Raises:
        LionSearchError: if a program, a task or a setting is wrong, or it cannot go on.

    References:
        The learning rate and weight decay of every optimizer are tuned alike before they are compared: Chen et al.
        2023, section 4.

    Examples:
        >>> import lionsearch
        >>> found = lionsearch.compare(["lion", "sgd"], "teacher_student", points=2, seeds=2, progress=False)
        >>> sorted(each.contestant for each in found.standings)
        ['adamw_debiased', 'lion', 'sgd']
    """
    from lionsearch.comparison.contest import Budget, hold
    from lionsearch.comparison.standing import leave_out, rank
    from lionsearch.workers import Placement

    budget = Budget(*check_budget(points, tune_seeds, seeds), equal_cost)
    contestants = enlist(programs)
    specs = load_tasks(tasks)
    placement = Placement(workers, address, time_limit)
    placement.check()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if output is None else Path(output)
        with open_laboratory(folder, specs, placement, progress) as laboratory:
            entries = hold(contestants, budget, "test", laboratory)
    entries, left_out = leave_out(entries)
    if not entries:
        raise TaskError("; ".join(left_out))
    found = Comparison(rank(entries), budget, left_out)
    if output is not None:
        words = ["lionsearch", "compare", *_words([each.name for each in contestants]), *_options(specs, budget)]
        command = shlex.join([*words, "--output", str(output)])
        save(Path(output), "comparison", found, command)
    return found


def _words(names: Sequence[str]) -> list[str]:
    """Return contestants as a command has them."""
    shelf = {*PROGRAMS.names()}
    return ["--all", *(name for name in names if name not in shelf)] if shelf <= {*names} else [*names]


def check_budget(points: int, tune_seeds: int, seeds: int) -> tuple[int, int, int]:
    """Return numbers of points and seeds.

    Raises:
        SettingError: if one is out of range.
    """
    for name, value, least, most in (
        ("points", points, 1, MOST_POINTS),
        ("tune_seeds", tune_seeds, 1, MOST_SEEDS),
        ("seeds", seeds, 2, MOST_SEEDS),
    ):
        if not isinstance(value, int) or not least <= value <= most:
            raise SettingError(f"{name} is {value!r}; expected {least} to {most}")
    return points, tune_seeds, seeds


def enlist(programs: Sequence[str | Path | Program] | str | Path | Program) -> list[Contestant]:
    """Return contestants, AdamW among them, each with a name of its own.

    Raises:
        LionSearchError: if a program is wrong, or one is given twice.
    """
    from lionsearch.comparison.contest import adamw
    from lionsearch.comparison.contestant import Contestant

    given = [programs] if isinstance(programs, str | Path | Program) else list(programs)
    found: dict[str, Contestant] = {}
    for number, (program, provenance) in enumerate(map(trace_optimizer, given), 1):
        name = provenance.text or (f"program {number}" if len(given) > 1 else "program")
        if name in found:
            raise SettingError(f"{name!r} is given twice")
        found[name] = Contestant(name, program)
    reference = adamw()
    if reference.name in found and found[reference.name].optimizer != reference.optimizer:
        raise SettingError(
            f"the working folder has an {reference.name!r} of its own; give it another name to compare it with AdamW"
        )
    return [*found.values(), *([] if reference.name in found else [reference])]


@contextmanager
def open_laboratory(
    folder: Path, specs: Sequence[TaskSpec], placement: Placement, progress: bool
) -> Iterator[Laboratory]:
    """Open where trainings are made, kept in a folder, and close it in the end.

    Raises:
        SettingError: if the folder cannot be used.
    """
    from lionsearch.comparison.laboratory import Laboratory, Work
    from lionsearch.comparison.ledger import open_ledger
    from lionsearch.evaluation.trials import TrialPlan
    from lionsearch.workers import open_pool

    shown: TrainingsDisplay | None = None
    if progress:
        from lionsearch.terminal.trainings import TrainingsDisplay

        shown = TrainingsDisplay()

    def listen(work: Work) -> None:
        if shown is not None:
            shown(work)

    with open_ledger(folder, specs) as ledger:
        plan = TrialPlan(ledger.tasks)
        laboratory = Laboratory(ledger, lambda: open_pool(plan, placement), listen)
        try:
            yield laboratory
        finally:
            laboratory.close()
            if shown is not None:
                shown.close()


def save(folder: Path, name: str, found: Comparison, command: str) -> None:
    """Write a comparison as a page, a plot and the rows of its table.

    Raises:
        SettingError: if they cannot be written.
    """
    try:
        text = found.markdown(name.capitalize(), command)
        (folder / f"{name}.md").write_text(text, encoding="utf-8", errors="backslashreplace")
        found.plot(folder / f"{name}.svg")
        (folder / f"{name}.json").write_text(json.dumps(found.table(), indent=1) + "\n")
    except OSError as error:
        raise SettingError(f"{folder / name}.md: cannot be written: {error.strerror}") from None


def _options(specs: Sequence[TaskSpec], budget: Budget) -> list[str]:
    return [
        *(word for spec in specs for word in ("--task", spec.name)),
        *("--points", str(budget.points)),
        *("--tune-seeds", str(budget.tune_seeds)),
        *("--seeds", str(budget.seeds)),
        *(["--equal-cost"] if budget.equal_cost else []),
    ]
