"""`proxy_tasks/*.toml` -> `TaskSpec`, and `TaskSpec` -> `Problem`."""

from __future__ import annotations

import hashlib
import importlib
import math
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any, Literal, TypeAlias

import numpy as np
from pydantic import Field, field_validator, model_validator

from lionsearch.catalog import TASKS
from lionsearch.catalog.schema import Settings, at_most, load_settings
from lionsearch.errors import TaskError, quote
from lionsearch.limits import MOST_SEEDS, SEEDS_BECAUSE
from lionsearch.tasks.calling import FAULTS, calling_task, describe_fault
from lionsearch.tasks.trust import is_of_python

TUNED_RATE = 0.001
"""The learning rate of the paper's AdamW: the unit in which `lr` is counted."""

_MOST_DRAWN = 200_000_000
_BYTES_DRAWN = 12


TaskStage: TypeAlias = Literal["proxy", "middle", "target", "accelerator"]


class Measured(Settings):
    """What is known of a task: nothing that a training depends on.

    Attributes:
        parameters: of the network.
        seconds: that a training with AdamW takes on one core, compiling left out.
        seeds: trainings that the losses are of, with seeds that nothing was tuned on.
        adamw: tuned AdamW's mean loss on the test split.
        adamw_interval: the half width of its 95 % interval.
        lion: tuned Lion's.
        lion_interval: as AdamW's.
        lion_rate: tuned Lion's peak learning rate.
        lion_decay: tuned Lion's weight decay.
        lion_score: tuned Lion's mean score; 0 is tuned AdamW on the same seeds.
        lion_score_interval: the half width of its 95 % interval.
        by: the command that measured all this.
    """

    parameters: int = Field(gt=0)
    seconds: float = Field(gt=0)
    seeds: int | None = Field(default=None, gt=0)
    adamw: float | None = None
    adamw_interval: float | None = None
    lion: float | None = None
    lion_interval: float | None = None
    lion_rate: float | None = Field(default=None, gt=0)
    lion_decay: float | None = Field(default=None, ge=0)
    lion_score: float | None = None
    lion_score_interval: float | None = None
    by: str = ""


class TaskSpec(Settings):
    """How a proxy task is trained. Read from a TOML file; its name is the file's.

    Attributes:
        name: of the task.
        description: one line for people.
        factory: `module:function` that returns a `lionsearch.tasks.Problem`; modules of the working folder count.
        options: keyword arguments of the factory.
        steps: training steps.
        batch: examples in a step.
        warmup: steps in which the schedule rises linearly to 1; a cosine takes it to 0 at the end.
        power: the cosine is raised to it; above 1, the learning rate falls sooner.
        chunks: how often training may end early; divides `steps`.
        seeds: trainings in an evaluation, each with its own initial weights and batches.
        learning_rate: tuned AdamW's peak learning rate.
        weight_decay: tuned AdamW's weight decay.
        tuned_by: the command that found these two.
        stage: what a training costs, and so what the task is for: a proxy to search on, a middle task to choose by, a
            target to believe, or one for an accelerator.
        measured: what is known of it, for people.
    """

    name: str
    description: str = ""
    factory: str = Field(pattern=r"^\w+(\.\w+)*:\w+$")
    options: dict[str, Any] = Field(default_factory=dict)
    steps: int = at_most(10_000_000, "the schedule and the batches of a training are held in memory", gt=0)
    batch: int = at_most(1_000_000, "the batches of a training are held in memory", gt=0)
    warmup: int = Field(ge=0)
    power: float = at_most(1e6, "the rate would be 0 after the first step", default=1.0, gt=0)
    chunks: int = Field(default=10, gt=0)
    seeds: int = at_most(MOST_SEEDS, SEEDS_BECAUSE, default=1, gt=0)
    learning_rate: float = at_most(1e30, "float32 holds little more", gt=0)
    weight_decay: float = at_most(1e30, "float32 holds little more", ge=0)
    tuned_by: str = ""
    stage: TaskStage = Field(default="proxy", exclude=True)
    measured: Measured | None = Field(default=None, exclude=True)  # as the stage, no part of what a run depends on

    @model_validator(mode="after")
    def _check_chunks(self) -> TaskSpec:
        if self.steps % self.chunks:
            raise ValueError(f"steps ({self.steps}) must be a multiple of chunks ({self.chunks})")
        if self.warmup > self.steps:
            raise ValueError(f"warmup ({self.warmup}) must not exceed steps ({self.steps})")
        if self.steps * self.batch > _MOST_DRAWN:
            raise ValueError(
                f"steps ({self.steps}) times batch ({self.batch}) must be at most {_MOST_DRAWN:_}: the examples of all"
                f" steps are drawn before a training, with {_BYTES_DRAWN} bytes for each"
            )
        return self

    @field_validator("options")
    @classmethod
    def _check_options(cls, options: dict[str, Any]) -> dict[str, Any]:
        for name, value in options.items():
            if not _is_plain(value, depth=8):
                raise ValueError(
                    f"should hold text, numbers, booleans and lists or tables of these; {quote(name)} is {quote(value)}"
                )
        return options

    @property
    def tuning(self) -> str:
        """How AdamW is tuned on it, the end of a message."""
        return f"run: lionsearch tune adamw --task {self.name}"

    def make(self) -> Any:
        """Return what the factory makes of the options.

        Raises:
            TaskError: if the factory is not there, or fails.
        """
        return _call_factory(self)

    def schedule(self) -> np.ndarray:
        """Return `lr` at each step, float32 (steps,): warm-up and cosine, in units in which AdamW's 0.001 is tuned.

        A program's own constant makes a learning rate of it (`lr_scale`; 0.001 in the paper's AdamW), so that the
        same program is tuned AdamW on each task.
        """
        step = np.arange(self.steps)
        rising = (step + 1) / max(self.warmup, 1)
        falling = 0.5 * (1 + np.cos(np.pi * (step - self.warmup) / max(self.steps - self.warmup, 1)))
        shape = np.where(step < self.warmup, rising, falling**self.power)
        return (shape * self.learning_rate / TUNED_RATE).astype(np.float32)


def _is_plain(value: Any, depth: int) -> bool:
    """Return whether a value is the same after it was written to a run's configuration and read again."""
    if isinstance(value, dict):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value.values())
    if isinstance(value, list | tuple):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool | str) or (isinstance(value, int) and -(2**63) <= value < 2**63)


def load_task(name: str) -> TaskSpec:
    """Return the task of a name or path.

    Raises:
        LionSearchError: if it is not there or its settings are wrong.
    """
    path = TASKS.find(name)
    return load_settings(path, TaskSpec, name=path.stem)


def load_problem(spec: TaskSpec) -> Any:
    """Return what the task's factory makes.

    Raises:
        TaskError: if the factory is not there, fails, or breaks the interface.
    """
    from lionsearch.tasks.validation import validate_problem  # brings JAX, which listing tasks does not need

    with calling_task(spec.name):
        problem = spec.make()
        validate_problem(problem, spec.name)
    return problem


def _call_factory(spec: TaskSpec) -> Any:
    module_name, function_name = spec.factory.split(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    foreign = f"task {spec.name!r}: its factory {spec.factory!r} is of Python's standard library, which has no tasks"
    if is_of_python(module_name):
        raise TaskError(foreign)
    try:
        module = importlib.import_module(module_name)
    except TaskError as error:  # which says what is missing
        raise TaskError(f"task {spec.name!r}: {error}") from None
    except FAULTS as error:  # the user's own code: any error is theirs to see, in one line
        found = describe_fault(error)
        raise TaskError(f"task {spec.name!r}: cannot import {module_name!r} of its factory: {found}") from error
    factory = getattr(module, function_name, None)
    if not callable(factory):
        raise TaskError(f"task {spec.name!r}: module {module_name!r} has no function {function_name!r}")
    if isinstance(factory, FunctionType | BuiltinFunctionType | type) and is_of_python(factory.__module__ or ""):
        raise TaskError(foreign)  # which the module imported
    try:
        return factory(**spec.options)
    except TaskError as error:
        raise TaskError(f"task {spec.name!r}: {error}") from None
    except FAULTS as error:  # as above
        raise TaskError(f"task {spec.name!r}: {spec.factory} failed: {describe_fault(error)}") from error


def digest_settings(spec: TaskSpec) -> str:
    """Return 12 hexadecimal digits that change with the settings on which a training depends, but for AdamW's own."""
    text = spec.model_dump_json(exclude={"description", "seeds", "tuned_by", "learning_rate", "weight_decay"})
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def digest_code(spec: TaskSpec) -> str:
    """Return 12 hexadecimal digits of the file that the factory is in, which is not run; "" if there is none."""
    top, *inner = spec.factory.split(":")[0].split(".")
    found = PathFinder.find_spec(top, [os.getcwd(), *sys.path])
    if found is None or not found.origin:
        return ""
    path = Path(found.origin)
    if inner:
        path = path.parent.joinpath(*inner, "__init__.py")
        path = path if path.is_file() else path.parent.with_suffix(".py")
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest()
    except OSError:
        return ""


def fingerprint_task(spec: TaskSpec, leaves: list[np.ndarray], code: list[str]) -> str:
    """Return 24 hexadecimal digits that change with the task's settings, data or code."""
    digest = hashlib.blake2b(spec.model_dump_json().encode(), digest_size=12)
    for text in code:
        digest.update(text.encode())
    for leaf in leaves:
        digest.update(f"{leaf.dtype}{leaf.shape}".encode())
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()
