"""Commands about search runs: search, resume, inspect."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lionsearch.cli.language import Json
from lionsearch.errors import LionSearchError, RunError

if TYPE_CHECKING:
    from lionsearch.archive import RunStore
    from lionsearch.config import RunConfig
    from lionsearch.records import Evaluation, TaskResult
    from lionsearch.run import RunResult
    from lionsearch.workers import Pool

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=0, help="Ray workers, at most one per core; 0 runs in this process. Default: one per core."
    ),
]
Address = Annotated[str | None, typer.Option("--address", help="Ray cluster to join; none is needed.")]


def search(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Name or file of an experiment.")],
    workers: Workers = None,
    address: Address = None,
    programs: Annotated[int | None, typer.Option("--programs", min=1, help="Programs to generate.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the run.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="New run folder. Default: runs/EXPERIMENT.")] = None,
    json_output: Json = False,
) -> None:
    """Search for optimizers."""
    _check_workers(workers, address)
    from lionsearch.config import load_experiment

    given = {"programs": programs, "seed": seed}
    config = load_experiment(experiment, **{key: value for key, value in given.items() if value is not None})
    folder = output or _free_folder(Path("runs") / config.name)
    from lionsearch.archive import RunStore
    from lionsearch.run import start_run

    store = start_run(folder, config)
    try:
        _drive(store, config, workers, address, json_output)
    except LionSearchError:
        RunStore.resume(folder).discard_if_empty()  # a task that cannot be used leaves no run behind
        raise


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    workers: Workers = None,
    address: Address = None,
    json_output: Json = False,
) -> None:
    """Go on with an interrupted run, to the result that it would have had."""
    _check_workers(workers, address)
    from lionsearch.run import resume_run

    store, config = resume_run(run)
    _drive(store, config, workers, address, json_output)


def inspect(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder; it may still be running.")],
    top: Annotated[int, typer.Option("--top", min=1, help="Programs to list.")] = 10,
    candidate: Annotated[int | None, typer.Option("--candidate", help="Show this program and its ancestors.")] = None,
    json_output: Json = False,
) -> None:
    """Show what a run has found so far."""
    from lionsearch.archive import RunStore

    store = RunStore.read(run)
    content = _describe_candidate(store, candidate) if candidate is not None else _describe_run(store, top)
    store.close()
    if json_output:
        print(json.dumps(content, indent=1))
    elif candidate is not None:
        print(content["program"])
        _print_lineage(content)
    else:
        _print_run(content)


def _drive(store: RunStore, config: RunConfig, workers: int | None, address: str | None, json_output: bool) -> None:
    from lionsearch.cli.progress import ProgressDisplay
    from lionsearch.run import SearchRun

    pool = None
    try:
        with ProgressDisplay() as display:
            pool = _open_pool(config, workers, address)
            result = SearchRun(config, store, pool, display).run()
    except KeyboardInterrupt:  # before the search began
        from lionsearch.cli.display import command_line

        print(f"interrupted; go on with:\n  {command_line('resume', store.folder)}")
        raise typer.Exit(130) from None
    finally:
        if pool is not None:
            pool.close()
        store.close()
    _save_best(store.folder, result)
    if json_output:
        print(json.dumps(_describe_result(store.folder, result), indent=1))
    else:
        _print_result(store.folder, config, result)
    if not result.finished:
        raise typer.Exit(130)


def _check_workers(workers: int | None, address: str | None) -> None:
    if workers == 0 and address is not None:
        raise RunError("--workers 0 runs in this process and joins no cluster; leave out --address")


def _open_pool(config: RunConfig, workers: int | None, address: str | None) -> Pool:
    if workers == 0:
        from lionsearch.evaluate.device import configure_jax
        from lionsearch.workers import LocalPool

        configure_jax()
        return LocalPool(config.plan())
    from lionsearch.workers.ray_pool import RayPool

    return RayPool(config.plan(), workers, address)


def _free_folder(base: Path) -> Path:
    """Return the base, or the base with the first free number."""
    number, folder = 1, base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    if number > 1:
        print(f"{base} is there already; this run goes to {folder}", file=sys.stderr)
    return folder


def _save_best(folder: Path, result: RunResult) -> None:
    """Write `best.py`, unless a later one is there already."""
    if result.best is None or ((folder / "best.py").is_file() and not result.caught_up):
        return
    from lionsearch.lang import format_program

    (folder / "best.py").write_text(format_program(result.best.program))


def _describe_result(folder: Path, result: RunResult) -> dict[str, Any]:
    from lionsearch.lang import format_program

    progress = asdict(result.progress)
    progress.pop("best")
    best = None
    if result.best is not None:
        best = {
            "candidate": result.best.candidate,
            "fingerprint": result.best.fingerprint,
            "program": format_program(result.best.program),
            "search": asdict(result.best.search),
            "confirm": asdict(result.best.confirm),
        }
    return {
        "run": str(folder),
        "finished": result.finished,
        **progress,
        "best": best,
        "report": None if result.report is None else asdict(result.report),
        "baseline": None if result.baseline is None else asdict(result.baseline),
    }


def _print_result(folder: Path, config: RunConfig, result: RunResult) -> None:
    from lionsearch.cli.display import command_line, format_score, print_table
    from lionsearch.cli.progress import progress_line
    from lionsearch.lang import format_program

    progress, best = result.progress, result.best if result.caught_up else None
    print(f"{'finished' if result.finished else 'interrupted'}: {progress_line(progress)}")
    if not result.caught_up:
        print("that was among stored results; all that is stored is still there")
    elif best is None:
        print("no program has a score yet")
    else:
        print(f"\nbest on fresh seeds: candidate {best.candidate}, dead code removed\n")
        print(format_program(best.program))
    if best is not None and result.report is not None and result.baseline is not None:
        seeds = config.experiment.evaluation.report_seeds
        print(f"on the test splits, {seeds} more fresh seeds; 0 is AdamW as tuned for the task:")
        rows = []
        for spec in config.specs:
            start, ours = (_result_on(spec.name, evaluation) for evaluation in (result.baseline, result.report))
            rows.append((spec.name, format_score(start.score), format_score(ours.score), start.loss, ours.loss))
        print_table(("task", "start's score", "best's score", "start's loss", "best's loss"), rows)
        for title, evaluation in (("start", result.baseline), ("best", result.report)):
            for each in evaluation.results:
                if each.failure is not None:
                    print(f"{title} on {each.task}: {each.failure.kind}, {each.failure.detail}")
    print("\ngo on with:")
    tasks = [word for entry in config.experiment.tasks for word in ("--task", entry.task)]
    if not result.finished:
        print(f"  {command_line('resume', folder)}")
    print(f"  {command_line('inspect', folder)}")
    if best is not None:
        saved, short = folder / "best.py", folder / "short.py"
        print(f"  {command_line('evaluate', saved, 'adamw', 'lion', *tasks)}")
        print(f"  {command_line('simplify', saved, *tasks, *_half_of_lead(result.report), '--output', short)}")
        print(f"  {command_line('identify', saved)}")
        print(f"  {command_line('export', saved, '--to', 'optax')}")


def _result_on(task: str, evaluation: Evaluation) -> TaskResult:
    """Return the result on a task; an empty one if the system failed before."""
    from lionsearch.records import TaskResult

    return next((result for result in evaluation.results if result.task == task), TaskResult(task))


def _half_of_lead(report: Evaluation | None) -> list[str]:
    """Return the option for what a simplification may cost: half of what the best leads AdamW by."""
    scores = [] if report is None or report.failure is not None else [result.score or 0.0 for result in report.results]
    half = min(scores, default=0.0) / 2
    return ["--tolerance", f"{half:.2g}"] if 0 < half < 0.03 else []


def _describe_run(store: RunStore, top: int) -> dict[str, Any]:
    from lionsearch.config import parse_config
    from lionsearch.records import Stage

    config = parse_config(store.read_config(), str(store.folder))
    found: dict[str, Any] = {
        "run": str(store.folder),
        "experiment": config.name,
        "tasks": [spec.name for spec in config.specs],
        "total": config.experiment.programs,
        **store.counts(),
        "failures": store.failures(),
    }
    for stage in Stage:
        found[str(stage)] = [
            {
                "candidate": row.candidate,
                "fingerprint": row.fingerprint,
                "score": row.evaluation.score,
                "tasks": {result.task: result.score for result in row.evaluation.results},
                "program": row.text,
            }
            for row in store.leaderboard(stage, top)
        ]
    return found


def _describe_candidate(store: RunStore, candidate: int) -> dict[str, Any]:
    from lionsearch.records import Stage

    text = store.program_text(candidate)
    if text is None:
        generated = store.counts()["generated"]
        raise RunError(f"{store.folder}: there is no candidate {candidate}; {generated} are stored, numbered from 0")
    scores = store.evaluations(Stage.SEARCH)
    lineage = [
        {**asdict(row), "score": scores[row.fingerprint].score if row.fingerprint in scores else None}
        for row in store.lineage(candidate)
    ]
    return {"candidate": candidate, "program": text, "lineage": lineage}


def _print_lineage(content: dict[str, Any]) -> None:
    from lionsearch.cli.display import format_score, print_table

    print("\nancestors, the latest first; the score is the search's mean over the tasks:")
    rows = [
        (row["number"], row["change"], row["live_statements"], format_score(row["score"])) for row in content["lineage"]
    ]
    print_table(("candidate", "made by", "statements", "score"), rows)


def _print_run(content: dict[str, Any]) -> None:
    from lionsearch.cli.display import command_line, format_score, print_table

    dead = 100 * (1 - content["live_statements"] / max(content["statements"], 1))
    print(
        f"{content['run']}: {content['generated']} of {content['total']} programs, {content['unique']} unique,"
        f" {dead:.0f}% of statements dead"
    )
    print("failures: " + (", ".join(f"{kind} {count}" for kind, count in content["failures"].items()) or "none"))
    titles = {"search": "in the search", "confirm": "on fresh seeds", "report": "on fresh seeds and the test splits"}
    columns = {"search": "mean score", "confirm": "worst score", "report": "worst score"}
    for stage, title in titles.items():
        if not content[stage]:
            continue
        print(f"\nbest {title}; 0 is tuned AdamW:")
        rows = [
            (
                row["candidate"],
                format_score(row["score"]),
                *(format_score(row["tasks"].get(t)) for t in content["tasks"]),
            )
            for row in content[stage]
        ]
        print_table(("candidate", columns[stage], *content["tasks"]), rows)
    print(f"\nshow one: {command_line('inspect', content['run'], '--candidate', 'NUMBER')}")
