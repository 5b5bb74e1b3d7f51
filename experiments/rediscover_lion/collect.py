"""Run folders of the experiment -> its tables, picture, and the programs that were found.

    python experiments/rediscover_lion/collect.py runs/lion_0 runs/lion_1 ... --baseline runs/random_0 runs/paper_0 ...

Writes `results.json`, `scores.png`, `raw_N.py` and `winners/seed_N.py` beside itself and prints the tables. Seeds and
test data of the scores are the reports' own. A baseline is named by its folder, up to the last `_`.
"""

from __future__ import annotations

import argparse
import json
import math
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from lionsearch.evaluation.device import configure_jax

configure_jax()

import matplotlib.pyplot as plt

from lionsearch.archive import RunStore
from lionsearch.evaluation.estimate import estimate
from lionsearch.graph import check_program
from lionsearch.identification.identity import identify
from lionsearch.records import Evaluation, Stage, choice_key
from lionsearch.runs.config import RunConfig, parse_config

_HERE = Path(__file__).parent


def read_run(folder: Path) -> dict[str, Any]:
    """Return what a run's store says about it."""
    store = RunStore.read(folder)
    config = parse_config(store.read_config(), str(folder))
    counts = store.counts()
    first = {row[0]: row[1] for table, row in store.rows() if table == "programs"}
    searched = store.evaluations(Stage.SEARCH)
    confirmed = store.leaderboard(Stage.CONFIRM)
    reports = store.leaderboard(Stage.REPORT)
    unfinished = not reports or len(reports) < len(store.evaluations(Stage.REPORT))
    store.close()
    if unfinished:
        raise SystemExit(f"{folder}: not finished, or its winner failed; go on with: lionsearch resume {folder}")
    winner = max(reports, key=lambda row: row.candidate)  # the other one is the start
    spent = _add_up({first[name]: _trainings(evaluation) for name, evaluation in searched.items()})
    path, best = [], (False, -math.inf)
    for row in sorted(confirmed, key=lambda row: row.candidate):
        key = choice_key(row.evaluation, row.statements, config.experiment.search.parsimony)
        if key > best:
            best = key
            found = [fmean(evaluation.rounds) for evaluation in (searched[row.fingerprint], row.evaluation)]
            path.append(
                {"program": row.candidate, "trainings": spent[row.candidate], "search": found[0], "fresh": found[1]}
            )
    short = folder / "short.py"
    text = short.read_text() if short.is_file() else winner.text
    return {
        "run": folder.name,
        "seed": config.experiment.seed,
        "programs": counts["generated"],
        "trainings": max(spent.values()),
        "dead statements": 1 - counts["live_statements"] / counts["statements"],
        "cache hits": 1 - counts["unique"] / counts["generated"],
        "fates": count_fates(config, list(searched.values())),
        "path": path,
        "test": {result.task: _mean_and_interval(result.scores) for result in winner.evaluation.results},
        "raw": winner.text,
        "short": text,
        "identity": str(identify(check_program(text)) or "no known optimizer"),
    }


def _trainings(evaluation: Evaluation) -> int:
    return sum(result.trainings for result in evaluation.results)


def _add_up(trainings: dict[int, int]) -> dict[int, int]:
    """Return for every candidate that was trained with how many trainings there were up to it."""
    total, found = 0, {}
    for candidate in sorted(trainings):
        total += trainings[candidate]
        found[candidate] = total
    return found


def _mean_and_interval(scores: tuple[float, ...]) -> dict[str, float]:
    """Return a mean and its 95 % interval."""
    found = estimate(scores)
    return {"mean": found.mean, "interval": found.interval}


def count_fates(config: RunConfig, evaluations: list[Evaluation]) -> dict[str, dict[str, float]]:
    """Return how programs ended: the share of them, and of the trainings that they cost."""
    seeds = config.experiment.search.racing.seeds or 1

    def fate(evaluation: Evaluation) -> str:
        if evaluation.failure is not None:
            return "failed"
        if len(evaluation.results) < len(config.specs):
            return "stopped at the first task's hurdle"
        if len(evaluation.rounds) < seeds:
            return "stopped after one seed" if len(evaluation.rounds) == 1 else "stopped after some seeds"
        return "trained with all seeds"

    trainings = sum(map(_trainings, evaluations))
    return {
        name: {"programs": len(those) / len(evaluations), "trainings": sum(map(_trainings, those)) / trainings}
        for name, group in groupby(sorted(evaluations, key=fate), fate)
        for those in [list(group)]
    }


def draw(runs: list[dict[str, Any]], baselines: list[dict[str, Any]]) -> None:
    """Write the picture of the best score on fresh seeds against programs generated, and against trainings."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
    kinds = list(dict.fromkeys(_kind(run) for run in (*runs, *baselines)))
    for axes, of, label in zip(panels, ("program", "trainings"), ("programs generated", "trainings"), strict=True):
        for run in (*runs, *baselines):
            ends = [*run["path"], {**run["path"][-1], "program": run["programs"], "trainings": run["trainings"]}]
            axes.step(
                [max(end[of], 1) for end in ends],
                [end["fresh"] for end in ends],
                where="post",
                alpha=0.8,
                color=f"C{kinds.index(_kind(run))}",
                label=None if _kind(run) in axes.get_legend_handles_labels()[1] else _kind(run),
            )
        axes.set(xlabel=label, xscale="log", xlim=(10, None))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("best score on fresh seeds (0: tuned AdamW)")
    panels[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(_HERE / "scores.png", dpi=130)


def _kind(run: dict[str, Any]) -> str:
    return run["run"].rsplit("_", 1)[0]


def print_tables(runs: list[dict[str, Any]], baselines: list[dict[str, Any]]) -> None:
    """Print what the runs found, what they were spared, and when they were where the baselines ended."""
    tasks = list(runs[0]["test"])
    print(f"| run | programs | trainings | {' | '.join(tasks)} | simplified |\n|---|---|---{'|---' * len(tasks)}|---|")
    for run in (*runs, *baselines):
        shown = " | ".join(f"{cell['mean']:+.3f} ±{cell['interval']:.3f}" for cell in run["test"].values())
        print(f"| {run['run']} | {run['programs']} | {run['trainings']} | {shown} | {run['identity']} |")
    fates = sorted({fate for run in (*runs, *baselines) for fate in run["fates"]})
    print(f"\n| run | dead statements | cache hits | search | fresh | {' | '.join(fates)} |")
    print("|---" * (5 + len(fates)) + "|")
    for run in (*runs, *baselines):
        last = run["path"][-1]
        shares = [run["fates"].get(fate, {"programs": 0.0, "trainings": 0.0}) for fate in fates]
        cells = [f"{share['programs']:.1%} ({share['trainings']:.1%})" for share in shares]
        print(
            f"| {run['run']} | {run['dead statements']:.1%} | {run['cache hits']:.1%} | {last['search']:+.3f} |"
            f" {last['fresh']:+.3f} | {' | '.join(cells)} |"
        )
    for baseline in baselines:
        score = baseline["path"][-1]["fresh"]
        until = [next((e["trainings"] for e in run["path"] if e["fresh"] >= score), None) for run in runs]
        print(f"\n{baseline['run']}: {score:+.3f} after {baseline['trainings']} trainings; the runs: {until}")


def main() -> None:
    """Collect the runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--baseline", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    runs, baselines = ([read_run(folder) for folder in folders] for folders in (options.runs, options.baseline))
    (_HERE / "winners").mkdir(exist_ok=True)
    for run in runs:
        (_HERE / f"raw_{run['seed']}.py").write_text(run["raw"])
        (_HERE / "winners" / f"seed_{run['seed']}.py").write_text(run["short"])
    (_HERE / "results.json").write_text(json.dumps({"runs": runs, "baselines": baselines}, indent=1) + "\n")
    print_tables(runs, baselines)
    draw(runs, baselines)


if __name__ == "__main__":
    main()
