"""Standings as tables and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lionsearch.comparison.contest import Budget
from lionsearch.comparison.standing import Standing, TaskStanding

LEGEND = (
    "score: 0 is AdamW with bias correction, tuned alike, on the same seeds, -1 an untrained network; ± is a 95 %"
    " interval over the seeds;"
    " = shares a place with what cannot be told apart, seed by seed"
)


def columns(standings: Sequence[Standing]) -> tuple[str, ...]:
    """Return the heads of the table of standings."""
    tasks = list(standings[0].tasks)
    return ("place", "program", *(["mean score"] if len(tasks) > 1 else []), *tasks, "ms a step", "slots")


def cells(standing: Standing, slots: int) -> tuple[str, ...]:
    """Return what the table shows of a standing.

    Args:
        standing: of a contestant.
        slots: state slots of the size of the weights that it has.
    """
    each = list(standing.tasks.values())
    return (
        standing.shown_place,
        standing.contestant,
        *([str(standing.lead)] if len(each) > 1 else []),
        *(show_score(task) for task in each),
        " ".join("-" if task.seconds is None else f"{1000 * task.seconds:.2g}" for task in each),
        str(slots),
    )


def show_score(task: TaskStanding) -> str:
    """Return a score on a task, and how many trainings failed, or that none is better than an untrained network."""
    note = f" ({task.failed} failed)" if task.failed else " (learns nothing)" if task.is_untrained else ""
    return f"{task.lead}{note}"


def flat_rows(standings: Sequence[Standing]) -> list[dict[str, Any]]:
    """Return a flat row for each contestant on each task."""
    return [
        {
            "program": standing.contestant,
            "task": name,
            "place": task.place,
            "tied": task.tied,
            "score": task.lead.mean,
            "interval": task.lead.interval,
            "scores": list(task.scores),
            "loss": None if task.loss is None else task.loss.mean,
            "loss_interval": None if task.loss is None else task.loss.interval,
            **{f"metric_{metric}": found.mean for metric, found in task.metrics.items()},
            "learning_rate": task.entry.learning_rate,
            "weight_decay": task.entry.tuned.weight_decay,
            "points": task.entry.tuned.points,
            "failed": task.failed,
            "seconds_per_step": task.seconds,
        }
        for standing in standings
        for name, task in standing.tasks.items()
    ]


def markdown(title: str, command: str, standings: Sequence[Standing], slots: dict[str, int], budget: Budget) -> str:
    """Return the standings as a page, with losses and settings.

    Args:
        title: its heading.
        command: that made it.
        standings: of one contestant or more.
        slots: of each contestant.
        budget: what each got.
    """
    heads = columns(standings)
    page = [
        f"# {title}",
        "",
        f"`{command}`",
        "",
        f"Each program got at most {budget.points} settings of learning rate and weight decay on each task"
        f" ({budget.tune_seeds} {'seed' if budget.tune_seeds == 1 else 'seeds'} each, validation data); the best one"
        f" was trained with on {budget.seeds} other seeds and measured on test data. {LEGEND[0].upper()}{LEGEND[1:]}."
        " `ms a step` is processor time, interpreted, on one core; `slots` are numbers of state for each weight.",
        "",
        *lines(heads, [cells(each, slots[each.contestant]) for each in standings]),
        "",
        "Losses on test data, the task's own measures, and the settings (learning rate: the peak of `lr * lr_scale`):",
        "",
        *lines(
            ("task", "program", "loss", "measured", "learning rate", "weight decay"),
            [
                _details(name, standing)
                for name in standings[0].tasks
                for standing in sorted(standings, key=lambda each, task=name: -each.tasks[task].lead.mean)
            ],
        ),
    ]
    return "\n".join(page) + "\n"


def _details(name: str, standing: Standing) -> tuple[str, ...]:
    task = standing.tasks[name]
    loss = "failed" if task.loss is None else f"{task.loss.mean:.4f} ±{task.loss.interval:.4f}"
    measured = ", ".join(f"{metric} {found.mean:.4f} ±{found.interval:.4f}" for metric, found in task.metrics.items())
    tuned = task.entry.tuned
    decay = "-" if tuned.weight_decay is None else f"{tuned.weight_decay:g}"
    return name, standing.contestant, loss, measured, f"{task.entry.learning_rate:.3g}", decay


def lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown."""
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def plot(standings: Sequence[Standing], path: Path) -> None:
    """Write a plot of the scores with their intervals, one panel for each task, as its suffix says."""
    import matplotlib

    matplotlib.use("svg" if path.suffix == ".svg" else "agg")
    matplotlib.rcParams["svg.hashsalt"] = "lionsearch"  # else each file has other names inside
    from matplotlib import pyplot as plt

    tasks = list(standings[0].tasks)
    size = (3.0 * len(tasks) + 1.5, 0.25 * len(standings) + 1.2)
    figure, axes = plt.subplots(1, len(tasks), sharey=True, squeeze=False, figsize=size)
    heights = range(len(standings), 0, -1)
    for axis, name in zip(axes[0], tasks, strict=True):
        each = [standing.tasks[name].lead for standing in standings]
        widths = [min(lead.interval, 1.0) for lead in each]
        axis.axvline(0, color="0.6", linewidth=0.8)
        axis.errorbar([lead.mean for lead in each], heights, xerr=widths, fmt="o", ms=3, linewidth=1)
        axis.set_title(name, fontsize=9)
        axis.set_xlim(max(-1.05, min(lead.mean - width for lead, width in zip(each, widths, strict=True)) - 0.02))
        axis.set_xlabel("score (0: AdamW)", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.grid(axis="y", linewidth=0.3)
    axes[0][0].set_yticks(heights, [standing.contestant for standing in standings], fontsize=7)
    axes[0][0].set_ylim(0.3, len(standings) + 0.7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
