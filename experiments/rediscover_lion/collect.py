"""Run folders of the experiment -> its table, picture, and the programs that were found.

    python experiments/rediscover_lion/collect.py runs/lion_0 runs/lion_1 ... --baseline runs/random runs/paper ...

Writes `results.json`, `scores.png`, `raw_N.py` and `winners/seed_N.py` beside itself and prints the table. Seeds and
test data of the scores are the reports' own; the tasks that no search saw are trained on here.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from lionsearch.evaluate.device import configure_jax

configure_jax()

import matplotlib.pyplot as plt

from lionsearch.archive import RunStore
from lionsearch.evaluate.estimate import estimate
from lionsearch.evaluate.plan import Limits, Seeds
from lionsearch.evaluate.task_runner import TaskRunner
from lionsearch.graph import check_program
from lionsearch.identify.identity import identify
from lionsearch.records import Stage, choice_key
from lionsearch.runs.config import parse_config
from lionsearch.tasks.spec import load_task

_HERE = Path(__file__).parent
_UNSEEN = ("digits_gru", "docs_transformer")
_UNSEEN_SEEDS = range(90_000, 90_008)
_RATES = tuple(2.0**power for power in range(-6, 5))


def read_run(folder: Path) -> dict[str, Any]:
    """Return what a run's store says about it."""
    store = RunStore.read(folder)
    config = parse_config(store.read_config(), str(folder))
    counts = store.counts()
    confirmed = sorted(store.leaderboard(Stage.CONFIRM), key=lambda row: row.candidate)
    path, best = [], (False, -math.inf)
    for row in confirmed:
        key = choice_key(row.evaluation, row.statements, config.experiment.search.parsimony)
        if key > best:
            best = key
            path.append((row.candidate, row.evaluation.score))
    reports = store.leaderboard(Stage.REPORT)
    if not reports:
        raise SystemExit(f"{folder}: the run is not finished; go on with: lionsearch resume {folder}")
    winner = max(reports, key=lambda row: row.candidate)  # the other one is the start
    trainings = sum(result.trainings for found in store.evaluations(Stage.SEARCH).values() for result in found.results)
    store.close()
    short = folder / "short.py"
    return {
        "run": folder.name,
        "seed": config.experiment.seed,
        "programs": counts["generated"],
        "unique": counts["unique"],
        "trainings": trainings,
        "dead statements": 1 - counts["live_statements"] / counts["statements"],
        "cache hits": 1 - counts["unique"] / counts["generated"],
        "path": path,
        "test": {result.task: _mean_and_interval(result.scores) for result in winner.evaluation.results},
        "raw": winner.text,
        "short": short.read_text() if short.is_file() else winner.text,
    }


def _mean_and_interval(scores: tuple[float, ...]) -> dict[str, float]:
    """Return a mean and its 95 % interval."""
    found = estimate(scores)
    return {"mean": found.mean, "interval": found.interval}


def measure_unseen(programs: dict[str, str]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the score of each program on tasks that no search saw, each at its best multiple of the learning rate."""
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in programs}
    for task in _UNSEEN:
        runner = TaskRunner(load_task(task), Limits())
        for name, text in programs.items():
            program = check_program(text)
            tuning = {rate: sum(runner.losses(program, Seeds((0, 1, 2)), rate)) for rate in _RATES}
            rate = min(tuning, key=lambda rate: tuning[rate] if math.isfinite(tuning[rate]) else math.inf)
            losses = runner.losses(program, Seeds(tuple(_UNSEEN_SEEDS), "test"), rate)
            references = [runner.reference(seed, "test") for seed in _UNSEEN_SEEDS]
            scores = [reference.score(loss) for reference, loss in zip(references, losses, strict=True)]
            found[name][task] = {**_mean_and_interval(tuple(scores)), "learning rate factor": rate}
    return found


def draw(runs: list[dict[str, Any]], baselines: list[dict[str, Any]]) -> None:
    """Write the picture of the best score on fresh seeds against programs generated."""
    figure, axes = plt.subplots(figsize=(7, 4.2))
    for index, run in enumerate(runs):
        _draw_path(axes, run, color="tab:blue", label="this search" if index == 0 else None)
    colours = ("tab:orange", "tab:green", "tab:red", "tab:purple")
    names = list(dict.fromkeys(_kind(run) for run in baselines))
    for run in baselines:
        first = next(other for other in baselines if _kind(other) == _kind(run)) is run
        _draw_path(axes, run, color=colours[names.index(_kind(run))], label=_kind(run) if first else None)
    axes.set(xlabel="programs generated", ylabel="best score on fresh seeds (0: tuned AdamW)")
    axes.set(xscale="log", xlim=(10, None))
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(_HERE / "scores.png", dpi=130)


def _kind(run: dict[str, Any]) -> str:
    return run["run"].rsplit("_", 1)[0]


def _draw_path(axes: Any, run: dict[str, Any], **style: Any) -> None:
    programs = [max(number, 1) for number, _ in run["path"]] + [run["programs"]]
    scores = [score for _, score in run["path"]] + [run["path"][-1][1]]
    axes.step(programs, scores, where="post", alpha=0.8, **style)


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
    for run in (*runs, *baselines):
        run["identity"] = str(identify(check_program(run["short"])) or "no known optimizer")
    unseen = measure_unseen({str(run["seed"]): run["short"] for run in runs})
    for run in runs:
        run["unseen"] = unseen[str(run["seed"])]
    tasks = list(runs[0]["test"])
    print("| run | programs | trainings | " + " | ".join((*tasks, *_UNSEEN)) + " | simplified |")
    print("|---" * (4 + len(tasks) + len(_UNSEEN)) + "|")
    for run in (*runs, *baselines):
        cells = [run["test"].get(task) for task in tasks] + [run.get("unseen", {}).get(task) for task in _UNSEEN]
        shown = ["" if cell is None else f"{cell['mean']:+.3f} ±{cell['interval']:.3f}" for cell in cells]
        print(f"| {run['run']} | {run['programs']} | {run['trainings']} | {' | '.join(shown)} | {run['identity']} |")
    (_HERE / "results.json").write_text(json.dumps({"runs": runs, "baselines": baselines}, indent=1) + "\n")
    draw(runs, baselines)


if __name__ == "__main__":
    main()
