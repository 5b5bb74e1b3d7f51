"""A task as a Python value: a problem with how it is trained, no TOML file and no module that others can import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pydantic import PrivateAttr, ValidationError

from lionsearch.catalog.schema import describe_fault
from lionsearch.errors import SettingError, TaskError
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.spec import TaskSpec

GIVEN = "lionsearch.tasks.given:unavailable"
"""The factory that a run's configuration names for a task that only Python has."""


class Task(TaskSpec):
    """A proxy task made in Python.

    It travels to Ray's workers as it is. A run stores its settings, not its code: `lionsearch.resume` takes it again.

    Args:
        problem: the model and its data, or a function without arguments that returns them; it is then called where the
            task is first used, once in each worker.
        name: of the task, as tables have it.
        steps: training steps.
        batch: examples in a step.
        warmup: steps in which the schedule rises linearly; a cosine takes it to 0 at the end. None takes a tenth.
        learning_rate: tuned AdamW's peak learning rate, by which scores are measured; see `tuned`.
        weight_decay: tuned AdamW's weight decay.
        chunks: how often training may end early; None takes the largest divisor of the steps up to 10.
        settings: `power`, `seeds` and `description`, as a task's TOML file has them.

    Raises:
        SettingError: naming the setting that is wrong, and what it should be.

    Examples:
        >>> import jax, jax.numpy as jnp, numpy as np
        >>> x = np.random.default_rng(0).normal(size=(96, 4)).astype("float32")
        >>> parts = [(x[i::3], x[i::3] @ np.ones(4, "float32")) for i in range(3)]
        >>> problem = Problem(
        ...     init=lambda key: jax.random.normal(key, (4,)),
        ...     loss=lambda params, batch: jnp.mean((batch[0] @ params - batch[1]) ** 2),
        ...     train=parts[0], validation=parts[1], test=parts[2])
        >>> task = Task(problem, name="line", steps=50, batch=8)
        >>> task.name, task.warmup, task.chunks
        ('line', 5, 10)
    """

    _problem: Problem | Callable[[], Problem] = PrivateAttr()

    def __init__(
        self,
        problem: Problem | Callable[[], Problem],
        *,
        name: str = "task",
        steps: int = 200,
        batch: int = 32,
        warmup: int | None = None,
        learning_rate: float = 0.001,
        weight_decay: float = 0.0,
        chunks: int | None = None,
        **settings: Any,
    ):
        for key in ("factory", "options"):
            if key in settings:
                raise SettingError(f"task {name!r}: {key!r} is for a TOML file; here the problem itself is given")
        if not isinstance(problem, Problem) and not callable(problem):
            raise TaskError(
                f"task {name!r}: expected a lionsearch.Problem or a function that returns one, not"
                f" {type(problem).__name__}"
            )
        found = {"warmup": warmup, "chunks": chunks}
        if isinstance(steps, int) and steps > 0:
            found = {
                "warmup": steps // 10 if warmup is None else warmup,
                "chunks": max(n for n in range(1, 11) if steps % n == 0) if chunks is None else chunks,
            }
        try:
            super().__init__(
                name=name,
                factory=GIVEN,
                steps=steps,
                batch=batch,
                learning_rate=_as_float(learning_rate),
                weight_decay=_as_float(weight_decay),
                **found,
                **settings,
            )
        except ValidationError as error:
            raise SettingError(f"task {name!r}: {describe_fault(error, type(self))}") from None
        self._problem = problem

    @property
    def tuning(self) -> str:
        """How AdamW is tuned on it, the end of a message."""
        return "tune it: lionsearch.tuned(task)"

    def make(self) -> Any:
        """Return the problem."""
        return self._problem if isinstance(self._problem, Problem) else self._problem()

    def __repr__(self) -> str:
        """Return what is trained, and how."""
        return (
            f"Task({self.name!r}, steps={self.steps}, batch={self.batch}, learning_rate={self.learning_rate:.4g},"
            f" weight_decay={self.weight_decay:.4g})"
        )

    __str__ = __repr__


def _as_float(value: Any) -> Any:
    """Return a whole number, or one of NumPy's, as a float; all else is for the settings to refuse."""
    return float(value) if isinstance(value, int | np.floating) and not isinstance(value, bool) else value


def unavailable() -> Any:
    """Stand for a problem that only the Python that made it has.

    Raises:
        TaskError: always.
    """
    raise TaskError("it was given as a Python value; go on where it is made, with lionsearch.resume(run, tasks=[task])")


def reunite(specs: tuple[TaskSpec, ...], tasks: tuple[TaskSpec, ...], where: str) -> tuple[TaskSpec, ...]:
    """Return a run's tasks with those in their place that are given again.

    Args:
        specs: as the run has them.
        tasks: those that only Python has.
        where: what messages call the run.

    Raises:
        SettingError: if a given one is none of the run's or has other settings, or one that is needed is not given.
    """
    known = {task.name: task for task in tasks}
    for task in tasks:
        if task.name not in [spec.name for spec in specs]:
            raise SettingError(f"{where}: task {task.name!r} is none of its tasks: {', '.join(s.name for s in specs)}")
    for spec in specs:
        other = known.get(spec.name)
        if other is None and spec.factory == GIVEN:
            raise SettingError(
                f"{where}: task {spec.name!r} was given as a Python value; go on where it is made, with"
                f" lionsearch.resume({where!r}, tasks=[task])"
            )
        if other is not None:
            ours, theirs = spec.model_dump(), other.model_dump()
            for key, value in ours.items():
                if theirs[key] != value:
                    raise SettingError(
                        f"{where}: task {spec.name!r} has {key} = {value!r}; the one given has {theirs[key]!r}"
                    )
    return tuple(known.get(spec.name, spec) for spec in specs)
