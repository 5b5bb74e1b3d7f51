"""What a run has found: inspect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json, counted
from lionsearch.cli.program_table import choose_programs, print_programs
from lionsearch.errors import SettingError

if TYPE_CHECKING:
    from lionsearch.records import Evaluation
    from lionsearch.runs.view import FoundProgram, Run


def inspect(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder; it may still be running.")],
    top: Annotated[int | None, typer.Option("--top", min=1, help="Programs to list; 10, with --csv all.")] = None,
    candidate: Annotated[
        int | None,
        typer.Option(
            "--candidate",
            "--lineage",
            min=0,
            max=2**63 - 1,
            help="Show this program, its ancestors and what each step changed.",
        ),
    ] = None,
    where: Annotated[
        str | None, typer.Option("--where", help="Of all programs those that fit: 'score > 0.05 and statements < 8'.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", help="All programs by a column: large scores, few statements first.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="All programs, or those that fit, as CSV.")] = False,
    json_output: Json = False,
) -> None:
    """Show what a run has found so far."""
    from lionsearch.archive.folder import list_islands
    from lionsearch.runs.view import Run

    if (folders := list_islands(run)) != [run]:
        if as_csv or not (candidate is where is sort is None):
            raise SettingError(f"{run}: this is a search on {len(folders)} islands; give one of them: {folders[0]}")
        _show_islands([Run(folder) for folder in folders], json_output)
        return
    found = Run(run)
    if as_csv or where is not None or sort is not None:
        _check_alone(candidate, as_csv and json_output)
        print_programs(found, choose_programs(found, where, sort), top, as_csv=as_csv, as_json=json_output)
        return
    content = _describe_candidate(found, candidate) if candidate is not None else _describe_run(found, top or 10)
    if json_output:
        print_json(content)
    elif candidate is not None:
        print(content["program"])
        _print_lineage(content)
    else:
        _print_run(content)


def _show_islands(runs: list[Run], json_output: bool) -> None:
    """Print what each island of a search has found."""
    from lionsearch.terminal.display import command_line, format_score, print_table

    islands = [_describe_run(run, 1) for run in runs]
    if json_output:
        print_json({"run": str(runs[0].folder.parent), "islands": islands})
        return
    rows = []
    for run, found in zip(runs, islands, strict=True):
        best = run.best
        values = ("-", "-", "-")
        if best is not None:
            values = (best.candidate, best.statements, format_score(best.score))
        rows.append((run.folder.name, found["generated"], found["total"], *values))
    print(f"{runs[0].folder.parent}: {runs[0].config.name} on {len(runs)} islands; the best of each on fresh seeds")
    print_table(("island", "programs", "of", "candidate", "statements", "mean score"), rows)
    print(f"\nlook at one with:\n  {command_line('inspect', runs[0].folder)}")
    print(f"at all of them with:\n  {command_line('report', runs[0].folder.parent)}")


def _check_alone(candidate: int | None, twice: bool) -> None:
    if candidate is not None:
        raise SettingError("--candidate shows one program; --where, --sort and --csv show all: give one of them")
    if twice:
        raise SettingError("--csv and --json: give one of them")


def _describe_run(run: Run, top: int) -> dict[str, Any]:
    from lionsearch.records import Stage

    experiment = run.config.experiment
    found: dict[str, Any] = {
        "run": str(run.folder),
        "experiment": run.config.name,
        "tasks": list(run.tasks),
        "total": experiment.programs,
        "parsimony": experiment.search.parsimony,
        **run.counts(),
        "failures": {kind: count for kind, count in run.failures().items() if not kind.is_system},
        "lost": _count_lost(run),
        "changes": [
            {"candidate": candidate, "forced": change.is_break, "change": str(change)}
            for candidate, change in run.changes()
        ],
    }
    for stage in Stage:
        found[str(stage)] = [_describe_found(each, run.tasks) for each in run.ranked(stage, top)]
        if stage is Stage.CONFIRM:
            found["front"] = [_describe_found(each, run.tasks) for each in run.front()]
    return found


def _count_lost(run: Run) -> list[dict[str, Any]]:
    """Return how many evaluations the system failed, by stage and kind."""
    from lionsearch.records import Stage

    return [
        {"stage": str(stage), "kind": str(kind), "count": count}
        for stage in Stage
        for kind, count in run.failures(stage).items()
        if kind.is_system
    ]


def _describe_found(found: FoundProgram, tasks: Sequence[str]) -> dict[str, Any]:
    from lionsearch.evaluation.estimate import estimate

    scored = [result for result in found.evaluation.results if result.score is not None]
    intervals = {result.task: estimate(result.scores).interval for result in scored if len(result.scores) > 1}
    return {
        "candidate": found.candidate,
        "fingerprint": found.fingerprint,
        "score": found.evaluation.score,
        "mean": found.score,
        "tasks": {result.task: result.score for result in scored},
        "intervals": intervals,
        "missed": _missed_hurdle(found.evaluation, tasks),
        "seeds": found.seeds,
        "statements": found.statements,
        "program": found.text,
    }


def _missed_hurdle(evaluation: Evaluation, tasks: Sequence[str]) -> str | None:
    """Return the task whose score was too low for the next one to be reached; None if all were, or one failed."""
    missed = evaluation.failure is None and 0 < len(evaluation.results) < len(tasks)
    return evaluation.results[-1].task if missed else None


def _describe_candidate(run: Run, candidate: int) -> dict[str, Any]:
    from lionsearch.reports.story import tell_story

    diffs = {each.candidate: [str(line) for line in each.lines] for each in tell_story(run, candidate)}
    lineage = [
        {
            **asdict(each.row),
            "diff": diffs.get(each.row.number),
            "score": None if each.evaluation is None else each.evaluation.score,
            "missed": None if each.evaluation is None else _missed_hurdle(each.evaluation, run.tasks),
            "failure": None if each.evaluation is None else _describe_failure(each.evaluation),
        }
        for each in run.lineage(candidate)
    ]
    return {"candidate": candidate, "program": run.text(candidate), "lineage": lineage}


def _describe_failure(evaluation: Evaluation) -> dict[str, Any] | None:
    failed = next((result for result in evaluation.results if result.failure is not None), None)
    if failed is None or failed.failure is None:
        return None
    return {
        "task": failed.task,
        "kind": str(failed.failure.kind),
        "detail": failed.failure.detail,
        "seeds": len(failed.scores),
    }


def _print_lineage(content: dict[str, Any]) -> None:
    from lionsearch.terminal.display import print_table

    if (failure := content["lineage"][0]["failure"]) is not None:
        before = f" after {counted(failure['seeds'], 'seed')} that went well" if failure["seeds"] else ""
        print(f"\nfailed on {failure['task']}{before}: {failure['detail']}")
    for row in reversed(content["lineage"]):
        if row["parent"] is not None and row["diff"] is not None:
            print(f"\ncandidate {row['number']}, {row['change']}, {_score_in_words(row)}:")
            print("\n".join(f"  {line}" for line in row["diff"]))
    print("\nancestors, the latest first; the score is the search's mean over the tasks, 0 is tuned AdamW:")
    rows = [(row["number"], row["change"], row["live_statements"], _score_in_words(row)) for row in content["lineage"]]
    print_table(("candidate", "made by", "statements", "score"), rows)


def _score_in_words(row: dict[str, Any]) -> str:
    from lionsearch.terminal.display import format_score

    if row.get("failure") is not None:
        return f"failed on {row['failure']['task']}"
    return format_score(row["score"]) if row["missed"] is None else f"missed the hurdle of {row['missed']}"


def _print_run(content: dict[str, Any]) -> None:
    from lionsearch.terminal.display import command_line, lost_line

    made = f"{content['run']}: {content['generated']} of {content['total']} programs, {content['unique']} unique"
    if not content["generated"]:
        print(made)
        return
    dead = 1 - content["live_statements"] / max(content["statements"], 1)
    print(f"{made}, {100 * dead:.0f}% of statements dead")
    print("failures: " + (", ".join(f"{kind} {count}" for kind, count in content["failures"].items()) or "none"))
    if content["lost"]:
        print(lost_line([(each["stage"], each["kind"], each["count"]) for each in content["lost"]]))
    for each in content["changes"]:
        forced = "; this was forced: scores from before and after cannot be compared" if each["forced"] else ""
        print(f"from candidate {each['candidate']} on: {each['change']}{forced}")
    order = f", by mean score less {content['parsimony']:g} for each statement" if content["parsimony"] else ""
    titles = {
        "report": "best on fresh seeds and the test splits" + order,
        "confirm": "best on fresh seeds" + order,
        "front": "best on fresh seeds for its length",
        "search": "best in the search, those with most seeds first" + order,
    }
    for name, title in titles.items():
        if content[name]:
            print(f"\n{title}; 0 is tuned AdamW, ± the 95 % interval:")
            _print_scored(content[name], content["tasks"])
    print(f"\nshow one: {command_line('inspect', content['run'], '--candidate', 'NUMBER')}")


def _print_scored(rows: list[dict[str, Any]], tasks: list[str]) -> None:
    from lionsearch.terminal.display import print_table

    cells = [
        (
            row["candidate"],
            row["statements"],
            row["seeds"],
            _mean_in_words(row),
            *(_score_with_interval(row, task) for task in tasks),
        )
        for row in rows
    ]
    print_table(("candidate", "statements", "seeds", "mean score", *tasks), cells)


def _mean_in_words(row: dict[str, Any]) -> str:
    return _score_in_words({**row, "score": row["mean"]})


def _score_with_interval(row: dict[str, Any], task: str) -> str:
    from lionsearch.terminal.display import format_score

    if task not in row["tasks"]:
        return "not reached"
    interval = f" ±{row['intervals'][task]:.4f}" if task in row["intervals"] else ""
    return format_score(row["tasks"][task]) + interval
