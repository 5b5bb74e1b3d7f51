"""Standings as tables and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lionsearch.comparison.contest import Budget
from lionsearch.comparison.standing import Standing, TaskStanding
from lionsearch.errors import counted

LEGEND = (
    "score: 0 is AdamW with bias correction, tuned alike, on the same seeds, -1 an untrained network; ± is a 95 %"
    " interval over the seeds;"
    " place: by the mean score, a failed training is -1; it is shared (=) by those that fail equally often and of whom"
    " none is better than another seed by seed"
)


COLUMNS = (
    "`ms a step` is processor time on one core, programs interpreted, rivals compiled; `state` are numbers kept for"
    " each weight; `asked` is what a step asks of training on a batch: gradients g, losses without one f,"
    " Hessian-vector products Hv, in the mean, of the task where they are most."
)


_PLAIN = "1 g"
"""What a step of most optimizers asks."""


EQUAL = (
    " Who asks more than a gradient in each step made as many steps fewer; a loss counts as a third of a gradient, a"
    " product as two."
)


def table(standings: Sequence[Standing], costs: bool = True) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heads and the rows of the table of standings, as text.

    Args:
        standings: of one contestant or more.
        costs: whether time, state, and what is asked of training are in it; the last only where it differs.
    """
    tasks = list(standings[0].tasks)
    heads = ("place", "program", *(["mean score"] if len(tasks) > 1 else []), *tasks)
    rows = [_cells(each) for each in standings]
    if not costs:
        return heads, rows
    asked = [_most_asked([*each.tasks.values()]) for each in standings]
    rows = [(*row, *_costs(each)) for row, each in zip(rows, standings, strict=True)]
    heads = (*heads, "ms a step", "state")
    if {*asked} <= {_PLAIN, "-"}:
        return heads, rows
    return (*heads, "asked"), [(*row, found) for row, found in zip(rows, asked, strict=True)]


def _cells(standing: Standing) -> tuple[str, ...]:
    each = list(standing.tasks.values())
    mean = [str(standing.lead)] if len(each) > 1 else []
    return standing.shown_place, standing.contestant, *mean, *(show_score(task) for task in each)


def _costs(standing: Standing) -> tuple[str, str]:
    each = list(standing.tasks.values())
    states = [task.state for task in each if task.state is not None]
    times = " ".join("-" if task.seconds is None else f"{1000 * task.seconds:.2g}" for task in each)
    return times, f"{max(states):.3g}" if states else "-"


def _most_asked(each: Sequence[TaskStanding]) -> str:
    """Return what a step asks of training, the most of all tasks."""
    found = [task.costs for task in each if task.costs is not None]
    return show_costs(tuple(max(costs) for costs in zip(*found, strict=True))) if found else "-"


def show_costs(costs: Sequence[float] | None) -> str:
    """Return gradients, losses and Hessian-vector products, those that are asked for.

    Examples:
        >>> show_costs((1.0, 2.5, 0.0)), show_costs(None)
        ('1 g + 2.5 f', '-')
    """
    if costs is None:
        return "-"
    return " + ".join(f"{value:.3g} {name}" for value, name in zip(costs, ("g", "f", "Hv"), strict=True) if value)


def show_score(task: TaskStanding) -> str:
    """Return a score on a task, and how many trainings failed, or that none is better than an untrained network."""
    note = f" ({task.failed} failed)" if task.failed else " (learns nothing)" if task.is_untrained else ""
    return f"{task.lead}{note}"


def say_failures(standings: Sequence[Standing]) -> list[str]:
    """Return a sentence for each contestant and task on which a training failed, with the first reason."""
    return [
        f"{standing.contestant} on {name} failed: {reason}"
        for standing in standings
        for name, task in standing.tasks.items()
        for reason in [each.failure.detail for each in task.entry.trainings if each.failure][:1]
    ]


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
            "state": task.state,
            **dict(zip(("gradients", "losses", "products"), task.costs or (None,) * 3, strict=True)),
        }
        for standing in standings
        for name, task in standing.tasks.items()
    ]


def markdown(title: str, command: str, standings: Sequence[Standing], budget: Budget) -> str:
    """Return the standings as a page, with losses and settings.

    Args:
        title: its heading.
        command: that made it.
        standings: of one contestant or more.
        budget: what each got.
    """
    heads, rows = table(standings)
    page = [
        f"# {title}",
        "",
        f"`{command}`",
        "",
        f"Each program got at most {budget.points} settings of learning rate and weight decay on each task"
        f" ({counted(budget.tune_seeds, 'seed')} each, validation data); the best one"
        f" was trained with on {budget.seeds} other seeds and measured on test data. {LEGEND[0].upper()}{LEGEND[1:]}."
        f" {COLUMNS}{EQUAL if budget.equal_cost else ''}",
        "",
        *lines(heads, rows),
        *(line for sentence in say_failures(standings) for line in ("", f"{sentence}.")),
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
    return name, standing.contestant, loss, measured, *_show_settings(task)


def _show_settings(task: TaskStanding) -> tuple[str, str]:
    settings = (task.entry.learning_rate, ".3g"), (task.entry.tuned.weight_decay, "g")
    rate, decay = ("-" if value is None else format(value, how) for value, how in settings)
    return rate, decay


def settings(standings: Sequence[Standing]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heads and rows of a table of what each was tuned to; learning rate is the peak of `lr * lr_scale`."""
    rows = [
        (standing.contestant, name, *_show_settings(task))
        for standing in standings
        for name, task in standing.tasks.items()
    ]
    return ("program", "task", "learning rate", "weight decay"), rows


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
