"""What a run has found: inspect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from lionsearch.cli.json_output import print_json
from lionsearch.cli.language import Json
from lionsearch.cli.program_table import choose_programs, print_programs
from lionsearch.cli.side_by_side import print_side_by_side
from lionsearch.errors import SettingError, counted, shorten

if TYPE_CHECKING:
    from lionsearch.records import Evaluation
    from lionsearch.runs.found import FoundProgram
    from lionsearch.runs.view import Run

BEST = "best"
_LINEAGE = ("--candidate", "--lineage")


def _parse_candidate(text: str) -> int | str:
    """Return the number of a candidate, or what stands for the best."""
    if text == BEST:
        return BEST
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise typer.BadParameter(f"{shorten(text)!r} is not the number of a candidate, nor {BEST!r}.")
    return int(text)


class InspectCommand(TyperCommand):
    """Its `--lineage` may stand without a number; then it is that of the best."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in what is left out."""
        filled: list[str] = []
        for word, after in zip_longest(args, args[1:], fillvalue=""):
            filled.append(word)
            if word in _LINEAGE and (after == "" or after.startswith("--") or Path(after).is_dir()):
                filled.append(BEST)
        return super().parse_args(ctx, filled)


def inspect(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders; they may still be running.")],
    top: Annotated[int | None, typer.Option("--top", min=1, help="Programs to list; 10, with --csv all.")] = None,
    candidate: Annotated[
        Any,
        typer.Option(
            *_LINEAGE,
            parser=_parse_candidate,
            metavar="[NUMBER]",
            help="Show this program, by default the best, its ancestors and what each step changed.",
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
    """Show what a run has found so far; several runs side by side."""
    from lionsearch.archive.folder import list_islands
    from lionsearch.runs.view import Run

    if as_csv and json_output:
        raise SettingError("--csv and --json: give one of them")
    folders = [folder for run in runs for folder in list_islands(run)]
    if len(folders) > 1:
        given = {"--top": top, "--lineage": candidate, "--where": where, "--sort": sort}
        if wrong := [name for name, value in given.items() if value is not None]:
            raise SettingError(f"{wrong[0]} is for one run; several, or islands, are shown side by side")
        print_side_by_side([Run(run) for run in folders], as_csv=as_csv, as_json=json_output)
        return
    found = Run(folders[0])
    if as_csv or where is not None or sort is not None:
        if candidate is not None:
            raise SettingError("--lineage shows one program; --where, --sort and --csv show all: give one of them")
        print_programs(found, choose_programs(found, where, sort), top, as_csv=as_csv, as_json=json_output)
    elif candidate is not None:
        _show_candidate(found, None if candidate == BEST else candidate, json_output)
    elif json_output:
        print_json(_describe_run(found, top or 10))
    else:
        _print_run(_describe_run(found, top or 10))


def _show_candidate(run: Run, candidate: int | None, json_output: bool) -> None:
    content = _describe_candidate(run, candidate)
    if json_output:
        print_json(content)
    else:
        print(content["program"], end="")
        _print_lineage(content)


def _describe_run(run: Run, top: int) -> dict[str, Any]:
    from lionsearch.records import Stage
    from lionsearch.runs.meta_validation import meta_curve

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
    curve = meta_curve(run)
    found["meta_validation"] = None if curve is None else curve.describe()
    for stage in Stage:
        if stage is Stage.META:
            continue
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
    from lionsearch.identification.forms import name_form

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
        "form": name_form(found.program) or None,
        "program": found.text,
    }


def _missed_hurdle(evaluation: Evaluation, tasks: Sequence[str]) -> str | None:
    """Return the task whose score was too low for the next one to be reached; None if all were, or one failed."""
    missed = evaluation.failure is None and 0 < len(evaluation.results) < len(tasks)
    return evaluation.results[-1].task if missed else None


def _describe_candidate(run: Run, candidate: int | None) -> dict[str, Any]:
    from lionsearch.reports.story import tell_story

    ancestors = run.lineage(candidate)
    number = ancestors[0].row.number
    diffs = {each.candidate: [str(line) for line in each.lines] for each in tell_story(run, number)}
    lineage = [
        {
            **asdict(each.row),
            "diff": diffs.get(each.row.number),
            "score": None if each.evaluation is None else each.evaluation.score,
            "missed": None if each.evaluation is None else _missed_hurdle(each.evaluation, run.tasks),
            "failure": None if each.evaluation is None else _describe_failure(each.evaluation),
        }
        for each in ancestors
    ]
    return {"candidate": number, "program": run.text(number), "lineage": lineage}


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
        if row["diff"] is not None:
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
        "report": "best on test data and held-out seeds" + order,
        "confirm": "best on fresh seeds" + order,
        "front": "best on fresh seeds for its length",
        "search": "best in the search, those with most seeds first" + order,
    }
    for name, title in titles.items():
        if content[name]:
            print(f"\n{title}; 0 is tuned AdamW, ± a 95 % confidence interval:")
            _print_scored(content[name], content["tasks"])
    if content["meta_validation"] is not None:
        _print_meta(content["meta_validation"])
    print("\nform: the known optimizers that it is but for constants; `lionsearch identify` says with which")
    print(f"show one: {command_line('inspect', content['run'], '--lineage', 'NUMBER')}")


def _print_scored(rows: list[dict[str, Any]], tasks: list[str]) -> None:
    from lionsearch.terminal.display import print_table

    cells = [
        (
            row["candidate"],
            row["statements"],
            row["seeds"],
            _mean_in_words(row),
            *(_score_with_interval(row, task) for task in tasks),
            row["form"],
        )
        for row in rows
    ]
    print_table(("candidate", "statements", "seeds", "mean score", *tasks, "form"), cells)


def _print_meta(curve: dict[str, Any]) -> None:
    from lionsearch.terminal.display import format_score, print_table

    print(f"\n{curve['sentence']}; a row for each program that was the best when it was looked at, ± a 95 % interval:")
    rows = [
        (
            each["candidate"],
            f"{100 * each['share']:.0f}%",
            format_score(each["search"]),
            f"{format_score(each['meta'])} ±{each['interval']:.4f}",
            ", ".join(each["fails_on"]) or "-",
        )
        for each in curve["points"]
    ]
    print_table(("candidate", "of the search", "search's tasks", ", ".join(curve["tasks"]), "fails on"), rows)


def _mean_in_words(row: dict[str, Any]) -> str:
    return _score_in_words({**row, "score": row["mean"]})


def _score_with_interval(row: dict[str, Any], task: str) -> str:
    from lionsearch.terminal.display import format_score

    if task not in row["tasks"]:
        return "not reached"
    interval = f" ±{row['intervals'][task]:.4f}" if task in row["intervals"] else ""
    return format_score(row["tasks"][task]) + interval
