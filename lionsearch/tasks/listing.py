"""What people are told of tasks: one row each, the cheapest stage first."""

from __future__ import annotations

from typing import Any, get_args

from lionsearch.tasks.spec import TaskSpec, TaskStage

STAGES: tuple[str, ...] = get_args(TaskStage)
"""From the cheapest to the dearest."""

COLUMNS = (
    "name",
    "stage",
    "parameters",
    "steps",
    "batch",
    "seconds",
    "tuned AdamW",
    "tuned Lion",
    "score",
    "what it is",
)


def describe_task(spec: TaskSpec) -> dict[str, Any]:
    """Return all that is known of a task; None for what was not measured."""
    measured = None if spec.measured is None else spec.measured.model_dump()
    return {**spec.model_dump(), "stage": spec.stage, "measured": measured}


def task_cells(row: dict[str, Any]) -> tuple[object, ...]:
    """Return what a table shows of `describe_task`, in the order of `COLUMNS`."""
    known = row["measured"] or {}
    return (
        row["name"],
        row["stage"],
        known.get("parameters"),
        row["steps"],
        row["batch"],
        None if "seconds" not in known else _two_digits(known["seconds"]),
        _with_interval(known, "adamw"),
        _with_interval(known, "lion"),
        _with_interval(known, "lion_score", "+.3f"),
        row["description"],
    )


def stage_order(row: dict[str, Any]) -> tuple[int, str]:
    """Return what rows are sorted by: the stage, then the name."""
    return STAGES.index(row["stage"]), row["name"]


def _two_digits(number: float) -> str:
    """Return a number of two digits, without an exponent.

    Examples:
        >>> [_two_digits(number) for number in (0.01234, 1.5, 246_000.0)]
        ['0.012', '1.5', '250000']
    """
    short = f"{number:.2g}"
    return f"{float(short):.0f}" if number >= 100 else short


def _with_interval(known: dict[str, Any], name: str, form: str = ".4g") -> str:
    """Return a mean with the half width of its interval, of two digits; a dash where there is none."""
    mean, interval = known.get(name), known.get(f"{name}_interval")
    if mean is None:
        return "-"
    return f"{mean:{form}}" + ("" if interval is None else f" ±{interval:.2g}")
