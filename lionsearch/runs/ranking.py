"""All programs on a task, each with the best learning rate and weight decay of the same grid, on the same seeds.

A program is tuned on the search's seeds and the validation split, and then measured once on fresh seeds and the test
split. If the best learning rate stands at the edge of the grid, the grid is continued in that direction, by the same
rule for all. What is done is one line of a file, so a ranking stops and goes on where it was.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import TextIO

import jax
import numpy as np
from filelock import FileLock, Timeout
from pydantic import Field

from lionsearch.caching import read_whole_lines
from lionsearch.catalog.schema import Settings
from lionsearch.errors import SettingError
from lionsearch.evaluation.estimate import estimate
from lionsearch.evaluation.plan import FIRST_SEED, Seeds, limits_for
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.lang import Kind, Program, shape_of
from lionsearch.records import Stage
from lionsearch.runs.tune import GridPoint, tune_program
from lionsearch.tasks.spec import TaskSpec


class RankingSettings(Settings):
    """What every program gets.

    Attributes:
        factors: multiples of the learning rate that the program has by itself, rising.
        extensions: how often the grid may be continued, by half its length.
        decays: weight decays, for a program that has one.
        tune_seeds: trainings at each point.
        seeds: fresh trainings with the best point.
    """

    factors: tuple[float, ...] = Field(default=tuple(2.0**power for power in range(-4, 5)), min_length=3)
    extensions: int = Field(default=3, ge=0)
    decays: tuple[float, ...] = (0.0, 0.1, 1.0)
    tune_seeds: int = Field(default=2, gt=0)
    seeds: int = Field(default=10, gt=1)


@dataclass(frozen=True, slots=True)
class RankedProgram:
    """A program on a task, tuned.

    Attributes:
        program: its name.
        task: the task's name.
        fingerprint: of the program; a program that has changed is ranked again.
        score: mean over the fresh seeds, test split; 0 is the task's tuned AdamW; no seed counts less than -1, and -1
            is the score if any failed, or if the task cannot give an input that the program asks for.
        interval: half the width of the mean's 95 % confidence interval (Student's t); None after a failure.
        loss: mean on the test split; None after a failure.
        lr_scale: the best, in the program's own units.
        weight_decay: the best, or None for a program without one.
        at_edge: whether the best learning rate still stands at the edge of the grid.
        points: points tried.
        seconds_per_step: median over the seeds of the processor's time, interpreted, on one core: the wall time where
            nothing else runs.
        state: numbers of state for each parameter of the model.
    """

    program: str
    task: str
    fingerprint: str
    score: float
    interval: float | None
    loss: float | None
    lr_scale: float
    weight_decay: float | None
    at_edge: bool
    points: int
    seconds_per_step: float
    state: float


class Ranking:
    """The programs of one task, kept in a file.

    Args:
        spec: the task.
        settings: what every program gets.
        folder: holds one file for each task.

    Raises:
        SettingError: if the file is of other settings, or cannot be read.
    """

    def __init__(self, spec: TaskSpec, settings: RankingSettings, folder: Path):
        self._spec, self._settings = spec, settings
        self._path = folder / f"{spec.name}.jsonl"
        self._runners: dict[tuple[int, int], TaskRunner] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(f"{folder}: {error.strerror}; expected a folder for the ranking") from None
        self._header = {"task": json.loads(spec.model_dump_json()), "settings": json.loads(settings.model_dump_json())}
        self.rows: dict[str, RankedProgram] = self._load()

    def run(self, programs: Sequence[tuple[str, Program]], listener: Callable[[RankedProgram], None]) -> None:
        """Rank those that are not in the file yet; each is written as soon as it is known.

        Raises:
            SettingError: if another process is doing it, or the file cannot be written.
        """
        with self._locked(), self._open() as file:
            whole, self.rows = read_whole_lines(self._path), self._load()
            file.truncate(len(whole))
            if not whole:
                self._write(file, self._header)
            for name, program in programs:
                if name not in self.rows or self.rows[name].fingerprint != fingerprint(program):
                    row = self._rank(name, program)
                    self._write(file, asdict(row))
                    self.rows[name] = row
                    listener(row)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from writing the file, until this one is done or ends however it ends."""
        lock = FileLock(self._path.with_name(f".{self._path.name}.lock"), blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise SettingError(f"{self._path}: another process is writing this ranking") from None
        except OSError as error:
            raise SettingError(f"{self._path}: cannot be written: {error.strerror}") from None
        try:
            yield
        finally:
            lock.release()

    def _open(self) -> TextIO:
        """Return the file, open for appending."""
        try:
            return self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise SettingError(f"{self._path}: cannot be written: {error.strerror}") from None

    @staticmethod
    def _write(file: TextIO, content: dict) -> None:
        file.write(json.dumps(content) + "\n")
        file.flush()

    def _rank(self, name: str, program: Program) -> RankedProgram:
        runner = self._runner(program)
        if "h_gnb" in program.optional_inputs and not runner.gives_samples:
            state, scale = self._state(program, runner), dict(program.hyperparameters).get("lr_scale", 0.001)
            return RankedProgram(
                name, self._spec.name, fingerprint(program), -1.0, None, None, scale, None, False, 0, 0.0, state
            )
        points = self._tune(program, runner)
        best = min(points, key=lambda point: point.loss)
        tuned = program.with_hyperparameters({} if best.weight_decay is None else {"weight_decay": best.weight_decay})
        first = FIRST_SEED[Stage.REPORT]
        scores: list[float] = []
        losses: list[float] = []
        seconds: list[float] = []
        for seed in range(first, first + self._settings.seeds):
            chosen = Seeds((seed,), "test")
            start = time.process_time()
            loss = runner.losses(tuned, chosen, best.factor)[0]
            seconds.append((time.process_time() - start) / self._spec.steps)
            reference = runner.reference(seed, "test")
            losses.append(loss)
            scores.append(max(reference.score(loss), -1.0))
        good = all(map(math.isfinite, losses)) and math.isfinite(best.loss)
        factors = [point.factor for point in points]
        return RankedProgram(
            program=name,
            task=self._spec.name,
            fingerprint=fingerprint(program),
            score=mean(scores) if good else -1.0,
            interval=estimate(scores).interval if good else None,
            loss=mean(losses) if good else None,
            lr_scale=best.lr_scale,
            weight_decay=best.weight_decay,
            at_edge=best.factor in (min(factors), max(factors)),
            points=len(points),
            seconds_per_step=float(np.median(seconds)),
            state=self._state(program, runner),
        )

    def _tune(self, program: Program, runner: TaskRunner) -> list[GridPoint]:
        """Return the grid, continued while its best learning rate is at its edge."""
        settings = self._settings
        factors, points = list(settings.factors), []
        for _ in range(settings.extensions + 1):
            new = tune_program(program, runner, seeds=settings.tune_seeds, factors=factors, decays=settings.decays)
            points += new.points
            tried = sorted({point.factor for point in points})
            best = min(points, key=lambda point: point.loss)
            half = len(settings.factors) // 2
            if math.isfinite(best.loss) and best.factor == tried[-1]:
                factors = [tried[-1] * (tried[-1] / tried[-2]) ** power for power in range(1, half + 1)]
            elif best.factor == tried[0]:
                factors = [tried[0] / (tried[1] / tried[0]) ** power for power in range(1, half + 1)]
            else:
                break
        return points

    def _runner(self, program: Program) -> TaskRunner:
        """Return the task with room for the program; most share one."""
        limits = limits_for([program])
        key = (limits.max_length, limits.max_slots)
        if key not in self._runners:
            self._runners[key] = TaskRunner(self._spec, limits)
        return self._runners[key]

    def _state(self, program: Program, runner: TaskRunner) -> float:
        shapes = [leaf.shape for leaf in jax.tree.leaves(runner.objective.shapes()[0])]
        parameters = sum(int(np.prod(shape, dtype=int)) for shape in shapes)
        kept = 0
        for _, kind in remove_dead_code(program).state:
            owners = [()] if kind is Kind.SCALAR else shapes
            kept += sum(int(np.prod(shape_of(kind, shape), dtype=int)) for shape in owners)
        return kept / parameters

    def _load(self) -> dict[str, RankedProgram]:
        header, rows = read_ranking(self._path)
        if header not in (None, self._header):
            raise SettingError(
                f"{self._path}: was made with another task or grid; move it away, or rank with what it was made with"
            )
        return rows


def read_ranking(path: Path) -> tuple[dict | None, dict[str, RankedProgram]]:
    """Return what a task's file says of task and settings, None if it is new, and the programs in it.

    Raises:
        SettingError: if it is not the file of a ranking.
    """
    try:
        whole = read_whole_lines(path)
        if not whole:
            return None, {}
        header, *lines = whole.decode().splitlines()
        rows = [RankedProgram(**json.loads(line)) for line in lines]
        return json.loads(header), {row.program: row for row in rows}
    except (OSError, ValueError, TypeError, RecursionError):
        raise SettingError(f"{path}: not the file of a ranking; move it away to start another") from None


@dataclass(frozen=True, slots=True)
class Standing:
    """A program over all tasks.

    Attributes:
        program: its name.
        score: mean over the tasks.
        interval: of that mean, from those of the tasks; None after a failure.
        rows: by task.
    """

    program: str
    score: float
    interval: float | None
    rows: dict[str, RankedProgram]


def standings(rankings: Sequence[dict[str, RankedProgram]], names: Iterable[str]) -> list[Standing]:
    """Return those of the programs that every task has, the best first."""
    found: list[Standing] = []
    for name in dict.fromkeys(names):
        if all(name in rows for rows in rankings):
            each = [rows[name] for rows in rankings]
            widths = [row.interval for row in each if row.interval is not None]
            width = math.hypot(*widths) / len(each) if len(widths) == len(each) else None
            found.append(Standing(name, mean(row.score for row in each), width, {row.task: row for row in each}))
    return sorted(found, key=lambda standing: -standing.score)
