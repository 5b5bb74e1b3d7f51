"""The ranking of all programs: runs it, prints it, and writes a table and a plot beside its results."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from lionsearch.catalog import PROGRAMS
from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import counted
from lionsearch.errors import SettingError

if TYPE_CHECKING:
    from lionsearch.runs.ranking import RankedProgram, RankingSettings, Standing


def rank_programs(names: Sequence[str], task_names: Sequence[str], folder: Path, json_output: bool) -> None:
    """Tune programs on tasks and rank them; what is done already is kept.

    The table printed is of these programs and tasks; `ranking.md` and `ranking.svg` are of all that the folder holds.

    Args:
        names: of programs; none means all.
        task_names: names or paths of tasks.
        folder: where results are, `TASK.jsonl`, `ranking.md` and `ranking.svg`.
        json_output: whether to print JSON instead of the table.
    """
    from lionsearch.archive.targets import load_target

    programs = [(name, load_target(name)[0]) for name in names or PROGRAMS.names()]
    from lionsearch.tasks.spec import load_task

    specs = [load_task(name) for name in task_names]
    for spec in specs:
        if specs.count(spec) > 1:
            raise SettingError(f"task {spec.name!r} is given twice")
    from lionsearch.evaluation.device import configure_jax

    configure_jax()
    from lionsearch.runs.ranking import Ranking, RankingSettings, standings

    settings = RankingSettings()
    rankings = [Ranking(spec, settings, folder) for spec in specs]
    for ranking in rankings:

        def report(row: RankedProgram, total: Ranking = ranking) -> None:
            done = f"{len(total.rows)}/{len(programs)}"
            print(f"{row.task} {done}: {row.program} {row.score:+.4f}, {row.points} points", file=sys.stderr)

        ranking.run(programs, report)
    table = standings([ranking.rows for ranking in rankings], [name for name, _ in programs])
    tasks = [spec.name for spec in specs]
    rows = _read_folder(folder, settings)
    stored = standings(list(rows.values()), [name for each in rows.values() for name in each])
    written = _write(stored, list(rows), folder, settings)
    if json_output:
        print_json([asdict(standing) for standing in table])
        return
    from lionsearch.terminal.display import print_table

    print_table(_columns(tasks), [_cells(place, standing, tasks) for place, standing in enumerate(table, 1)])
    print(written, file=sys.stderr)


def _read_folder(folder: Path, settings: RankingSettings) -> dict[str, dict[str, RankedProgram]]:
    """Return the programs of each task that a folder holds, all with these settings; other files are none of ours."""
    from lionsearch.runs.ranking import read_ranking

    found: dict[str, dict[str, RankedProgram]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        with contextlib.suppress(SettingError):
            header, rows = read_ranking(path)
            if rows and header is not None and header["settings"] == json.loads(settings.model_dump_json()):
                found[path.stem] = rows
    return found


def _write(table: Sequence[Standing], tasks: Sequence[str], folder: Path, settings: RankingSettings) -> str:
    """Write table and plot of what a folder holds; return what to say about it."""
    if not table:
        return f"{folder}: no program is ranked on all of {', '.join(tasks)} yet, so there is no table of them"
    names = sorted(standing.program for standing in table)
    which = "--all" if set(names) >= set(PROGRAMS.names()) else " ".join(shlex.quote(name) for name in names)
    command = f"lionsearch tune {which} {' '.join(f'--task {task}' for task in tasks)} --output {folder}"
    (folder / "ranking.md").write_text(
        _markdown(table, tasks, command, settings), encoding="utf-8", errors="backslashreplace"
    )
    _plot(table, tasks, folder / "ranking.svg")
    held = f"{counted(len(table), 'program')} on {counted(len(tasks), 'task')}"
    return f"{folder / 'ranking.md'} and {folder / 'ranking.svg'} hold all that is ranked there: {held}"


def _columns(tasks: Sequence[str]) -> tuple[str, ...]:
    return ("place", "program", "mean score", *tasks, "ms a step", "state")


def _cells(place: int, standing: Standing, tasks: Sequence[str]) -> tuple[str, ...]:
    rows = [standing.rows[task] for task in tasks]
    return (
        str(place),
        standing.program,
        _score(standing.score, standing.interval),
        *(_score(row.score, row.interval) for row in rows),
        " ".join(f"{1000 * row.seconds_per_step:.2g}" for row in rows),
        f"{max(row.state for row in rows):.2g}",
    )


def _score(score: float, interval: float | None) -> str:
    from lionsearch.terminal.display import format_score

    return "failed" if interval is None else format_score(score, interval)


def _markdown(table: Sequence[Standing], tasks: Sequence[str], command: str, settings: RankingSettings) -> str:
    columns = _columns(tasks)
    lines = [
        "# Known optimizers, each tuned on each task",
        "",
        f"`{command}`",
        "",
        f"Scores are on test data and {settings.seeds} held-out seeds, ± a 95 % confidence interval; 0 is AdamW as"
        " tuned for the task, -1 an untrained network. A program gets the same grid as any other:"
        f" {len(settings.factors)} learning rates a factor of 2 apart, continued where the best is at the edge, times"
        f" {len(settings.decays)} weight decays where it has one, {settings.tune_seeds} seeds each, chosen by the"
        " validation split. `ms a step`: interpreted, on one core, task by task. `state`: numbers for each parameter,"
        " on the task where it is largest.",
        "",
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(_cells(place, standing, tasks))} |" for place, standing in enumerate(table, 1)),
        "",
        "The best settings:",
        "",
        f"| program | {' | '.join(tasks)} |",
        f"|---|{'---|' * len(tasks)}",
        *(f"| {s.program} | {' | '.join(_settings(s.rows[task]) for task in tasks)} |" for s in table),
    ]
    return "\n".join(lines) + "\n"


def _settings(row: RankedProgram) -> str:
    decay = "" if row.weight_decay is None else f", decay {row.weight_decay:g}"
    return f"{row.lr_scale:.3g}{' (edge)' if row.at_edge else ''}{decay}"


def _plot(table: Sequence[Standing], tasks: Sequence[str], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lionsearch"  # else each file has other names inside
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        1, len(tasks), sharey=True, squeeze=False, figsize=(3.2 * len(tasks) + 1.5, 0.17 * len(table) + 1.2)
    )
    heights = range(len(table), 0, -1)
    for axis, task in zip(axes[0], tasks, strict=True):
        rows = [standing.rows[task] for standing in table]
        axis.axvline(0, color="0.6", linewidth=0.8)
        axis.errorbar(
            [max(row.score, -0.5) for row in rows], heights, xerr=[row.interval or 0 for row in rows], fmt=".", ms=4
        )
        axis.set_title(task, fontsize=9)
        axis.set_xlim(-0.52, max([0.0, *(row.score + (row.interval or 0) for row in rows)]) + 0.02)
        axis.set_xlabel("score (0: tuned AdamW)", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.grid(axis="y", linewidth=0.3)
    axes[0][0].set_yticks(heights, [standing.program for standing in table], fontsize=6)
    axes[0][0].set_ylim(0, len(table) + 1)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
