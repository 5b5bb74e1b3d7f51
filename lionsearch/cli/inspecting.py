"""What a run has found: inspect."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.errors import RunError

if TYPE_CHECKING:
    from lionsearch.archive import RunStore, ScoredProgram
    from lionsearch.records import Evaluation


def inspect(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder; it may still be running.")],
    top: Annotated[int, typer.Option("--top", min=1, help="Programs to list.")] = 10,
    candidate: Annotated[
        int | None, typer.Option("--candidate", min=0, max=2**63 - 1, help="Show this program and its ancestors.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Show what a run has found so far."""
    from lionsearch.archive import RunStore

    store = RunStore.read(run)
    content = _describe_candidate(store, candidate) if candidate is not None else _describe_run(store, top)
    store.close()
    if json_output:
        print_json(content)
    elif candidate is not None:
        print(content["program"])
        _print_lineage(content)
    else:
        _print_run(content)


def _describe_run(store: RunStore, top: int) -> dict[str, Any]:
    from lionsearch.records import Stage
    from lionsearch.runs.conditions import list_changes
    from lionsearch.runs.config import parse_config

    config = parse_config(store.read_config(), str(store.folder))
    tasks = [spec.name for spec in config.specs]
    found: dict[str, Any] = {
        "run": str(store.folder),
        "experiment": config.name,
        "tasks": tasks,
        "total": config.experiment.programs,
        "parsimony": config.experiment.search.parsimony,
        **store.counts(),
        "failures": {kind: count for kind, count in store.failures().items() if not kind.is_system},
        "lost": _count_lost(store),
        "changes": [
            {"candidate": candidate, "forced": change.is_break, "change": str(change)}
            for candidate, change in list_changes(store.conditions())
        ],
    }
    for stage in Stage:
        scored = store.leaderboard(stage)
        ranked = _rank(scored, config.experiment.search.parsimony)
        found[str(stage)] = [_describe_scored(row, tasks) for row in ranked[:top]]
        if stage is Stage.CONFIRM:
            found["front"] = [_describe_scored(row, tasks) for row in _front(scored)]
    return found


def _count_lost(store: RunStore) -> list[dict[str, Any]]:
    """Return how many evaluations the system failed, by stage and kind."""
    from lionsearch.records import Stage

    return [
        {"stage": str(stage), "kind": str(kind), "count": count}
        for stage in Stage
        for kind, count in store.failures(stage).items()
        if kind.is_system
    ]


def _describe_scored(row: ScoredProgram, tasks: list[str]) -> dict[str, Any]:
    from lionsearch.evaluate.estimate import estimate

    scored = [result for result in row.evaluation.results if result.score is not None]
    intervals = {result.task: estimate(result.scores).interval for result in scored if len(result.scores) > 1}
    return {
        "candidate": row.candidate,
        "fingerprint": row.fingerprint,
        "score": row.evaluation.score,
        "mean": fmean(row.evaluation.rounds) if row.evaluation.rounds else None,
        "tasks": {result.task: result.score for result in scored},
        "intervals": intervals,
        "missed": _missed_hurdle(row.evaluation, tasks),
        "seeds": min((len(result.scores) for result in scored), default=0),
        "statements": row.statements,
        "program": row.text,
    }


def _rank(scored: list[ScoredProgram], parsimony: float) -> list[ScoredProgram]:
    """Return the best first, as a run chooses.

    Those with most seeds come before the others: of thousands with one seed, the best are the lucky.
    """
    from lionsearch.records import choice_key

    def key(row: ScoredProgram) -> tuple[int, tuple[bool, float]]:
        return len(row.evaluation.rounds), choice_key(row.evaluation, row.statements, parsimony)

    return sorted(scored, key=key, reverse=True)


def _front(ranked: list[ScoredProgram]) -> list[ScoredProgram]:
    """Return the programs that no other is both better and shorter than, the shortest first."""
    front: list[ScoredProgram] = []
    for row in ranked:  # the best first
        if not front or row.statements < front[-1].statements:
            front.append(row)
    return front[::-1]


def _missed_hurdle(evaluation: Evaluation, tasks: list[str]) -> str | None:
    """Return the task whose score was too low for the next one to be reached; None if all were, or one failed."""
    missed = evaluation.failure is None and 0 < len(evaluation.results) < len(tasks)
    return evaluation.results[-1].task if missed else None


def _describe_candidate(store: RunStore, candidate: int) -> dict[str, Any]:
    from lionsearch.records import Stage
    from lionsearch.runs.config import parse_config

    text = store.program_text(candidate)
    if text is None:
        generated = store.counts()["generated"]
        raise RunError(f"{store.folder}: there is no candidate {candidate}; {generated} are stored, numbered from 0")
    tasks = [spec.name for spec in parse_config(store.read_config(), str(store.folder)).specs]
    lineage = []
    for row in store.lineage(candidate):
        found = store.evaluation(row.fingerprint, Stage.SEARCH)
        lineage.append(
            {
                **asdict(row),
                "score": None if found is None else found.score,
                "missed": None if found is None else _missed_hurdle(found, tasks),
                "failure": None if found is None else _describe_failure(found),
            }
        )
    return {"candidate": candidate, "program": text, "lineage": lineage}


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
    from lionsearch.cli.display import print_table

    if (failure := content["lineage"][0]["failure"]) is not None:
        before = f" after {failure['seeds']} seeds that went well" if failure["seeds"] else ""
        print(f"\nfailed on {failure['task']}{before}: {failure['detail']}")
    print("\nancestors, the latest first; the score is the search's mean over the tasks, 0 is tuned AdamW:")
    rows = [(row["number"], row["change"], row["live_statements"], _score_in_words(row)) for row in content["lineage"]]
    print_table(("candidate", "made by", "statements", "score"), rows)


def _score_in_words(row: dict[str, Any]) -> str:
    from lionsearch.cli.display import format_score

    if row.get("failure") is not None:
        return f"failed on {row['failure']['task']}"
    return format_score(row["score"]) if row["missed"] is None else f"missed the hurdle of {row['missed']}"


def _print_run(content: dict[str, Any]) -> None:
    from lionsearch.cli.display import command_line, lost_line

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
    from lionsearch.cli.display import print_table

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
    from lionsearch.cli.display import format_score

    if task not in row["tasks"]:
        return "not reached"
    interval = f" ±{row['intervals'][task]:.4f}" if task in row["intervals"] else ""
    return format_score(row["tasks"][task]) + interval
