"""A run's best programs on dearer tasks: funnel."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lionsearch.api.comparison_api import check_budget, open_laboratory
from lionsearch.api.program_api import load_tasks
from lionsearch.errors import SettingError, TaskError, UnknownNameError, counted
from lionsearch.render.html import html_table
from lionsearch.runs.view import Run
from lionsearch.tasks.listing import STAGES

if TYPE_CHECKING:
    from lionsearch.comparison.contest import Budget
    from lionsearch.comparison.contestant import Contestant
    from lionsearch.comparison.funnel import Climb, Descent, FunnelStage
    from lionsearch.comparison.funnel_file import ShownFunnel
    from lionsearch.comparison.laboratory import Laboratory
    from lionsearch.tasks.spec import TaskSpec

MOST_PROGRAMS = 1000


class Funnel:
    """How far each program of a run climbed.

    Args:
        descent: what came of each stage, and the final standings.
        contestants: that it began with, and AdamW.
        left_out: a sentence for each task that it went without.

    Attributes:
        stages: what came of each.
        final: standings on test data of those that climbed every stage; none if all fell.
        first: what names the best of these, by the last stage; None if all fell.
        winner: the same, if it is better than AdamW on test data too; else None.

    Examples:
        >>> import tempfile, lionsearch
        >>> run = lionsearch.search(
        ...     tasks="teacher_student", programs=10, workers=0, progress=False, output=tempfile.mkdtemp() + "/run",
        ...     evaluation={"elites": 1, "confirm_seeds": 1, "report_seeds": 1}, search={"racing": {"seeds": 1}})
        >>> found = lionsearch.funnel(run, stages=["proxy"], programs=1, points=1, seeds=2, progress=False)
        >>> found.winner is None or str(run.folder) in found.winner
        True
    """

    def __init__(self, descent: Descent, contestants: Sequence[Contestant], left_out: Sequence[str] = ()):
        self.stages, self.final, self.left_out = descent.climbs, descent.final, (*left_out, *descent.left_out)
        self.first, self.winner = descent.first, descent.winner
        self._statements = {each.name: each.statements for each in contestants}

    def table(self) -> list[dict[str, Any]]:
        """Return a flat row for each program on each task of each stage, and of the final on test data.

        Columns: `stage` (`final` for the last), `fate`, and those of `Comparison.table`.
        """
        from lionsearch.comparison.shown import flat_rows

        return [
            {"stage": climb.stage.name, "fate": climb.fate(row["program"]), **row}
            for climb in self.stages
            for row in flat_rows(climb.standings)
        ] + [{"stage": "final", "fate": "", **row} for row in flat_rows(self.final)]

    def stage_rows(self, climb: Climb) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return the heads and rows of a stage's table, as text."""
        from lionsearch.comparison.contest import ADAMW
        from lionsearch.comparison.shown import table

        heads, rows = table(climb.standings, costs=False)
        fates = ["-" if each.contestant == ADAMW else climb.fate(each.contestant) for each in climb.standings]
        return (*heads[:2], "statements", *heads[2:], "fate"), [
            (*row[:2], str(self._statements[row[1]]), *row[2:], fate) for row, fate in zip(rows, fates, strict=True)
        ]

    def final_rows(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return the heads and rows of the final table, on test data; no rows if all fell."""
        from lionsearch.comparison.shown import table

        return table(self.final) if self.final else ((), [])

    def settings_rows(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return the heads and rows of a table of what those that climbed every stage were tuned to on each task."""
        from lionsearch.comparison.shown import settings

        return settings(self.final)

    @property
    def verdict(self) -> str:
        """What it came to, as a sentence."""
        if self.first is None:
            return "no program climbed every stage; test data was left alone"
        if self.winner is None:
            return f"{self.first} climbed every stage, and is not better than AdamW on test data"
        return f"winner: {self.winner}, better than AdamW on test data too"

    def shown(self, command: str = "lionsearch funnel") -> ShownFunnel:
        """Return it as text: a table for each stage; then one of test data, and one of what was tuned."""
        from lionsearch.comparison.funnel_file import FunnelTable, ShownFunnel
        from lionsearch.comparison.shown import LEGEND

        tables = []
        for climb in self.stages:
            heads, rows = self.stage_rows(climb)
            title = f"Stage {climb.stage.name}: {_describe(climb.stage.budget)}"
            tables.append(FunnelTable(title=title, heads=heads, rows=tuple(rows)))
        if self.final:
            heads, rows = self.final_rows()
            title = "Test data: the settings found above, seeds and data that nothing was chosen by"
            tables.append(FunnelTable(title=title, heads=heads, rows=tuple(rows)))
            heads, rows = self.settings_rows()
            title = "What they were tuned to: learning rate is the peak of lr * lr_scale"
            tables.append(FunnelTable(title=title, heads=heads, rows=tuple(rows)))
        return ShownFunnel(command=command, tables=tuple(tables), verdict=self.verdict, legend=LEGEND)

    def markdown(self, command: str = "lionsearch funnel") -> str:
        """Return it as a page of Markdown."""
        from lionsearch.comparison.shown import lines

        shown = self.shown(command)
        text = ["# Funnel", "", f"`{command}`", "", f"{shown.legend[0].upper()}{shown.legend[1:]}."]
        for table in shown.tables:
            text += ["", f"{table.title}.", "", *lines(table.heads, table.rows)]
        text += ["", f"{self.verdict[0].upper()}{self.verdict[1:]}."]
        text += [line for sentence in self.left_out for line in ("", f"{sentence[0].upper()}{sentence[1:]}.")]
        return "\n".join(text) + "\n"

    def __repr__(self) -> str:
        """Return a line for each stage, and the winner."""
        climbs = [
            f"{climb.stage.name}: {len(climb.going_on)} of {len(climb.standings) - 1} go on" for climb in self.stages
        ]
        return "\n".join([*climbs, self.verdict])

    def _repr_html_(self) -> str:
        return "".join(f"<p>{climb.stage.name}</p>{html_table(*self.stage_rows(climb))}" for climb in self.stages) + (
            html_table(*self.final_rows()) if self.final else ""
        )


def funnel(
    run: Run | str | Path,
    *,
    stages: Sequence[str] = ("proxy", "middle"),
    tasks: Sequence[str | TaskSpec] = (),
    programs: int = 12,
    points: int = 12,
    tune_seeds: int = 1,
    seeds: int = 5,
    output: str | Path | None = None,
    workers: int | None = 0,
    address: str | None = None,
    time_limit: float | None = None,
    trust: bool = False,
    progress: bool = True,
    listener: Callable[[Climb], None] = lambda climb: None,
) -> Funnel:
    """Take a run's best programs to dearer tasks, stage by stage, and see which are still better than AdamW.

    At each stage every program, AdamW among them, gets its learning rate and weight decay tuned within the same budget
    on each task. Those whose mean score is better than AdamW's, its 95 % interval included, on validation data and
    seeds that nothing was tuned on, go on, at most half of those that came. Who climbs every stage is measured once on
    test data, by which nothing is chosen. (The run's own verdict has used the test data of its proxies; the seeds are
    others.)

    Args:
        run: or its folder; also one that goes on.
        stages: in order: `proxy`, the tasks of the run, then `middle`, `target` and `accelerator`, those of that stage.
        tasks: only these of `middle` and on, by name, or tasks of your own; if none are given, all whose data are here.
        programs: to begin with; programs that do the same count once.
        points: settings of learning rate and weight decay that are tried for a program on a task, at most.
        tune_seeds: trainings with each.
        seeds: trainings with the best one.
        output: folder where each training is kept as it is made, so that what was stopped goes on, with `funnel.md`;
            None takes `funnel` in the run's.
        workers: on Ray; 0 trains in this process, None takes one for each core.
        address: of a Ray cluster to join.
        time_limit: seconds that a training may take on a worker.
        trust: whether to run the code of tasks that the run names, whatever module they are in.
        progress: whether to show it on stderr.
        listener: told of each stage that is over.

    Raises:
        LionSearchError: if a name or a setting is wrong, a task cannot be used, or no program has a score yet.

    References:
        Chen et al. 2023, section 2.3 (funnel selection).

    Examples:
        >>> import tempfile, lionsearch
        >>> run = lionsearch.search(
        ...     tasks="teacher_student", programs=20, workers=0, progress=False, output=tempfile.mkdtemp() + "/run",
        ...     evaluation={"elites": 1, "confirm_seeds": 1, "report_seeds": 1}, search={"racing": {"seeds": 1}})
        >>> found = lionsearch.funnel(run, stages=["proxy"], programs=2, points=2, seeds=2, progress=False)
        >>> [climb.stage.name for climb in found.stages]
        ['proxy']
    """
    from lionsearch.comparison.contest import Budget, adamw
    from lionsearch.comparison.funnel import run_funnel
    from lionsearch.comparison.funnel_file import FUNNEL, write_funnel
    from lionsearch.comparison.picking import pick
    from lionsearch.workers import Placement

    budget = Budget(*check_budget(points, tune_seeds, seeds))
    if not isinstance(programs, int) or not 1 <= programs <= MOST_PROGRAMS:
        raise SettingError(f"programs is {programs!r}; expected 1 to {MOST_PROGRAMS}")
    placement = Placement(workers, address, time_limit)
    placement.check()
    opened = run if isinstance(run, Run) else Run(run)
    left_out: list[str] = []
    climbed = _lay_out(opened, stages, load_tasks(list(tasks)), budget, programs, trust, left_out)
    contestants = pick(opened, programs)
    folder = opened.folder / FUNNEL if output is None else Path(output)

    def laboratory(specs: Sequence[TaskSpec]) -> AbstractContextManager[Laboratory]:
        return open_laboratory(folder, specs, placement, progress)

    found = Funnel(run_funnel(contestants, climbed, laboratory, listener), [*contestants, adamw()], left_out)
    words = ["lionsearch", "funnel", str(opened.folder), "--stages", ",".join(stages)]
    words += [word for task in tasks for word in ("--task", task if isinstance(task, str) else task.name)]
    words += ["--programs", str(programs), "--points", str(points), "--tune-seeds", str(tune_seeds)]
    words += ["--seeds", str(seeds), *(() if output is None else ("--output", str(output)))]
    command = shlex.join(words)
    write_funnel(folder, found.shown(command))
    try:
        (folder / "funnel.md").write_text(found.markdown(command), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingError(f"{folder / 'funnel.md'}: cannot be written: {error.strerror}") from None
    return found


def _lay_out(
    run: Run,
    names: Sequence[str],
    given: Sequence[TaskSpec],
    budget: Budget,
    programs: int,
    trust: bool,
    left_out: list[str],
) -> list[FunnelStage]:
    """Return the stages that were asked for, each with its tasks; add a sentence for each task that is left out."""
    from lionsearch.archive.folder import CONFIG
    from lionsearch.catalog import TASKS
    from lionsearch.comparison.funnel import FunnelStage
    from lionsearch.tasks.given import reunite
    from lionsearch.tasks.spec import load_task
    from lionsearch.tasks.trust import check_factory

    if not names or len({*names}) < len(names):
        raise SettingError(f"stages: expected some of {', '.join(STAGES)}, each once; not {', '.join(names) or 'none'}")
    for name in names:
        if name not in STAGES:
            raise UnknownNameError("stage", name, STAGES)
    taken = {spec.name for spec in (*run.config.specs, *run.config.meta_specs)}
    own = reunite(run.config.specs, tuple(spec for spec in given if spec.name in run.tasks), str(run.folder))
    for spec in given:
        if spec.name not in taken and (spec.stage == "proxy" or spec.stage not in names):
            later = ", ".join(name for name in names if name != "proxy") or "none of which is asked for"
            raise SettingError(f"task {spec.name!r} is of stage {spec.stage!r}; expected one of a later stage, {later}")
    found = given or ([load_task(name) for name in TASKS.names()] if {*names} - {"proxy"} else [])
    others = [spec for spec in found if spec.name not in taken]
    stages: list[FunnelStage] = []
    for name in names:
        specs = list(own) if name == "proxy" else [spec for spec in others if spec.stage == name]
        if name != "proxy" and not given:
            specs = [spec for spec in specs if _is_here(spec, left_out)]
        if not specs:
            raise SettingError(f"stage {name!r} has no task {'among those given' if given else 'whose data are here'}")
        programs = max(1, -(-programs // 2))
        stages.append(FunnelStage(name, tuple(specs), budget, programs))
    for spec in own if "proxy" in names and not trust else ():
        if not any(spec is task for task in given):
            check_factory(spec.name, spec.factory, str(run.folder / CONFIG))
    return stages


def _is_here(spec: TaskSpec, left_out: list[str]) -> bool:
    """Return whether a task has what it needs on this machine; add a sentence if it has not."""
    from lionsearch.evaluation.device import configure_jax

    configure_jax()
    from lionsearch.tasks.spec import load_problem

    try:
        load_problem(spec)
    except TaskError as error:
        left_out.append(f"left out: {error}")
        return False
    return True


def _describe(budget: Budget) -> str:
    return (
        f"at most {budget.points} settings of learning rate and weight decay for each program on each task,"
        f" {counted(budget.tune_seeds, 'seed')} each; scores are of the best one on"
        f" {budget.seeds} other seeds, validation data"
    )
