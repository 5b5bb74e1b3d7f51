"""`experiments/*.toml` -> `Experiment`, and `Experiment` -> `RunConfig`, which holds all that a run depends on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from pydantic import Field, model_validator

from lionsearch.archive.targets import load_targets
from lionsearch.catalog import EXPERIMENTS, load_program
from lionsearch.catalog.schema import Settings, at_most, load_settings, merge_settings, parse_settings
from lionsearch.errors import MissingFileError, RunError, SettingError, UnknownNameError
from lionsearch.evaluation.plan import EvaluationPlan, Limits
from lionsearch.evolution import SearchSettings
from lionsearch.graph import check_program, remove_dead_code
from lionsearch.lang import Program, format_program
from lionsearch.limits import MOST_SEEDS, SEEDS_BECAUSE
from lionsearch.tasks.spec import TaskSpec, load_task

T = TypeVar("T")


class TaskEntry(Settings):
    """One task of an experiment.

    Attributes:
        task: name or path of a proxy task.
        hurdle: the score on it that opens the next task.

    Examples:
        >>> TaskEntry(task="digits_mlp").hurdle
        -1.0
    """

    task: str
    hurdle: float = -1.0


class EvaluationSettings(Settings):
    """How programs are evaluated.

    Attributes:
        confirm_seeds: fresh seeds that re-rank the elites.
        report_seeds: fresh seeds of what is reported at the end, on the test split.
        elites: programs that are re-evaluated at the end; shorter ones that are best for their length come in addition.
        simplify: the best program at the end is simplified on the tasks, if it is better than tuned AdamW, as long as
            that costs less than this, in units of the score, and than half of what it leads by; absent, it is not.
        select: what the best of all is chosen by: its score on fresh seeds of the search's tasks (`confirm`), or that
            on the tasks of `meta_validation`, with which the elites are then measured too.
        limits: the longest program, dead code removed.
    """

    confirm_seeds: int = at_most(MOST_SEEDS, SEEDS_BECAUSE, default=3, gt=0)
    report_seeds: int = at_most(MOST_SEEDS, SEEDS_BECAUSE, default=5, gt=0)
    elites: int = at_most(10_000, "each is trained with on all tasks and fresh seeds", default=16, gt=0)
    simplify: float | None = Field(default=None, ge=0)
    select: Literal["confirm", "meta_validation"] = "confirm"
    limits: Limits = Limits()


class MetaValidation(Settings):
    """Tasks out of the search's sight, on which its best program is measured now and then: does it get better there?

    No candidate is chosen by them while it searches. Dearer tasks of the kind that the winner is for, so `middle` ones.

    Attributes:
        tasks: names or paths of tasks, none of which the search has.
        seeds: trainings with each; with few of them, or many points, only a large fall is told from chance.
        every: candidates from one measurement to the next; what is still the best is not measured again.

    References:
        Chen et al. 2023, section 2.3: half of the searches overfit their proxy, seen on a larger task.

    Examples:
        >>> MetaValidation(tasks=("fashion_mlp",)).every
        500
    """

    tasks: tuple[str, ...] = Field(min_length=1)
    seeds: int = at_most(MOST_SEEDS, SEEDS_BECAUSE, default=8, ge=4)
    every: int = at_most(100_000_000, "a run has no more programs", default=500, gt=0)


class IslandSettings(Settings):
    """Searches side by side: each is a run of its own with a process of its own, for more workers than one can feed.

    (`search.islands` are populations of one search.)

    Attributes:
        count: of searches; each generates all `programs`, from a seed of its own.
        migrate_after: candidates after which the best of each also is a candidate of the next one.
    """

    count: int = at_most(1_000, "each is a process", default=1, gt=0)
    migrate_after: int = Field(default=1000, gt=0)


class Experiment(Settings):
    """What `lionsearch search` reads.

    Attributes:
        description: one line for people.
        seed: the whole run follows from it.
        programs: programs to generate.
        patience: candidates without a better one after which the search ends; absent, it goes through all.
        target: the score that ends it, of the best on fresh seeds on the task where it is worst; 0 is tuned AdamW.
        initial: what to start from: names, paths or compositions of programs, `RUN:ID`, or `RUN:elites` for all that a
            run has on fresh seeds.
        window: candidates in flight; part of the run's identity, unlike the number of workers.
        tasks: cheap ones first.
        islands: searches side by side that exchange their best.
        search: algorithm, population, mutations.
        evaluation: seeds, elites, limits.
        meta_validation: other tasks on which the best is measured now and then; absent, it is not.

    Examples:
        >>> experiment = Experiment(programs=500, tasks=(TaskEntry(task="digits_mlp"),))
        >>> experiment.window, experiment.search.population
        (64, 50)
    """

    description: str = ""
    seed: int = at_most(2**63 - 1, "seeds have 64 bits", default=0, ge=-(2**63))
    programs: int = at_most(100_000_000, "what is known of each is held in memory, a kilobyte or more", gt=0)
    patience: int | None = at_most(100_000_000, "a run has no more programs", default=None, gt=0)
    target: float | None = None
    initial: tuple[str, ...] = Field(default=("adamw",), min_length=1)
    window: int = at_most(100_000, "every candidate in flight is held in memory", default=64, gt=0)
    tasks: tuple[TaskEntry, ...] = Field(min_length=1)
    islands: IslandSettings = IslandSettings()
    search: SearchSettings = SearchSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    meta_validation: MetaValidation | None = None

    @model_validator(mode="after")
    def _check_select(self) -> Experiment:
        if self.evaluation.select == "meta_validation" and self.meta_validation is None:
            raise ValueError("'evaluation.select' is 'meta_validation', which has no tasks; expected 'meta_validation'")
        return self

    @model_validator(mode="after")
    def _check_migration(self) -> Experiment:
        if self.islands.count > 1 and self.evaluation.select == "meta_validation":
            raise ValueError(
                "'evaluation.select' is 'meta_validation', which islands are not compared by; expected 'confirm'"
            )
        if self.islands.count > 1 and self.islands.migrate_after <= self.window:
            raise ValueError(
                f"islands.migrate_after ({self.islands.migrate_after}) must be above window ({self.window}): what is in"
                " flight has no score yet"
            )
        return self


class RunConfig(Settings):
    """An experiment with every name resolved: stored with the run, so that later edits of files cannot change it.

    Attributes:
        name: of the experiment.
        experiment: as read.
        specs: of its tasks, in order.
        programs: text of the initial programs.
        meta_specs: of the tasks of its meta-validation.
        island: which of several this run is; None if it is alone.
    """

    name: str
    experiment: Experiment
    specs: tuple[TaskSpec, ...]
    programs: tuple[str, ...] = Field(min_length=1)
    meta_specs: tuple[TaskSpec, ...] = ()
    island: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _check_specs(self) -> RunConfig:
        meta = self.experiment.meta_validation
        if len(self.meta_specs) != (0 if meta is None else len(meta.tasks)):
            raise ValueError(
                f"'meta_specs' are {len(self.meta_specs)}, not as many as 'experiment.meta_validation.tasks'"
            )
        if len(self.specs) != len(self.experiment.tasks):
            raise ValueError(f"'specs' are {len(self.specs)}, 'experiment.tasks' {len(self.experiment.tasks)}")
        return self

    def plan(self) -> EvaluationPlan:
        """Return what an evaluation consists of."""
        settings = self.experiment.evaluation
        hurdles = [entry.hurdle for entry in self.experiment.tasks]
        tasks = tuple(zip(self.specs, hurdles, strict=True))
        meta = self.experiment.meta_validation
        return EvaluationPlan(
            tasks,
            settings.confirm_seeds,
            settings.report_seeds,
            settings.limits,
            self.meta_specs,
            0 if meta is None else meta.seeds,
        )

    def initial(self) -> list[Program]:
        """Return the initial programs."""
        return [check_program(text) for text in self.programs]


def load_experiment(name: str, **overrides: Any) -> RunConfig:
    """Return the experiment of a name or path, resolved.

    Args:
        name: of the experiment, or the path of its TOML file.
        overrides: settings of the experiment that replace those of the file; a table is merged into the file's.

    Raises:
        LionSearchError: if a file is not there or a setting is wrong.
    """
    path = EXPERIMENTS.find(name)
    experiment = load_settings(path, Experiment)
    return resolve(override(experiment, overrides, "command line"), path.stem, str(path))


def override(experiment: Experiment, settings: Mapping[str, Any], where: str = "settings given") -> Experiment:
    """Return an experiment with other settings; a table is merged into what is there.

    Raises:
        SettingError: naming the setting that is wrong.

    Examples:
        >>> base = Experiment(programs=10, tasks=(TaskEntry(task="digits_mlp"),))
        >>> override(base, {"seed": 3, "search": {"population": 20}}).search.population
        20
    """
    if not settings:
        return experiment
    return parse_settings(merge_settings(experiment.model_dump(exclude_unset=True), settings), Experiment, where)


def resolve(
    experiment: Experiment,
    name: str,
    where: str,
    values: Mapping[str, TaskSpec] | None = None,
    programs: Mapping[str, Program] | None = None,
) -> RunConfig:
    """Return an experiment with all that it names.

    Args:
        experiment: as read.
        name: what to call it.
        where: what messages call it.
        values: tasks that only Python has, by name.
        programs: initial programs that only Python has, by what `initial` calls them.

    Raises:
        LionSearchError: if a file is not there or a setting is wrong.
    """
    given = values or {}
    names = [entry.task for entry in experiment.tasks]
    specs = tuple(given[task] if task in given else _load_named(load_task, task, where, "tasks") for task in names)
    meta = experiment.meta_validation
    meta_specs = tuple(
        given[task] if task in given else _load_named(load_task, task, where, "meta_validation.tasks")
        for task in (meta.tasks if meta is not None else ())
    )
    if len({spec.name for spec in (*specs, *meta_specs)}) < len(specs) + len(meta_specs):
        found = [spec.name for spec in (*specs, *meta_specs)]
        twice = ", ".join(sorted({name for name in found if found.count(name) > 1}))
        if meta_specs:
            said = "; what watches the search is a task that it does not see"
            raise SettingError(f"{where}: settings 'tasks' and 'meta_validation.tasks' name {twice} twice{said}")
        raise SettingError(f"{where}: setting 'tasks' names {twice} twice")
    known = programs or {}
    initial = [
        pair
        for text in experiment.initial
        for pair in ([(text, known[text])] if text in known else _load_named(load_targets, text, where, "initial"))
    ]
    population = experiment.search.population
    if population < len(initial):
        raise SettingError(
            f"{where}: setting 'search.population' is {population}; it must hold all {len(initial)} initial programs"
        )
    longest = max(len(program.statements) for _, program in initial)
    if longest > experiment.search.mutation.max_length:
        raise SettingError(
            f"{where}: setting 'search.mutation.max_length' is {experiment.search.mutation.max_length};"
            f" an initial program has {longest} statements"
        )
    for text, program in (*initial, ("adamw", load_program("adamw"))):
        _check_limits(text, program, experiment.evaluation.limits, where)
    return RunConfig(
        name=name,
        experiment=experiment,
        specs=specs,
        programs=tuple(format_program(program) for _, program in initial),
        meta_specs=meta_specs,
    )


def _load_named(load: Callable[[str], T], name: str, where: str, setting: str) -> T:
    """Return what a setting names; an error says where the name stands."""
    try:
        return load(name)
    except (MissingFileError, UnknownNameError, RunError) as error:
        raise SettingError(f"{where}: setting {setting!r}: {error}") from None


def _check_limits(name: str, program: Program, limits: Limits, where: str) -> None:
    """Raise if a program that every run needs does not fit."""
    live = remove_dead_code(program)
    if len(live.statements) > limits.max_length or len(live.slots) > limits.max_slots:
        raise SettingError(
            f"{where}: setting 'evaluation.limits' leaves no room for {name!r}, which has {len(live.statements)}"
            f" live statements and {len(live.slots)} slots"
        )


def dump_config(config: RunConfig) -> str:
    """Return the configuration as JSON."""
    return config.model_dump_json(indent=1)


def parse_config(text: str, where: str) -> RunConfig:
    """Return the configuration that `dump_config` wrote.

    Raises:
        SettingError: if it is not one.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{where}: not JSON: {error}") from None
    if not isinstance(content, dict):
        raise SettingError(f"{where}: a configuration is an object; this is {type(content).__name__}")
    return parse_settings(content, RunConfig, where)
