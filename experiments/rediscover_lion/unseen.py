"""The simplified winners on tasks that none of the searches saw, each at its best multiple of the learning rate.

    python experiments/rediscover_lion/unseen.py     ten minutes on one core

Trains with `winners/*.py`, and with Lion and AdamW as their papers have them; writes `unseen.json` beside itself and
prints the table. The multiple is chosen on the validation split with three seeds; the scores are of the test split and
eight other seeds.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from lionsearch.evaluation.device import configure_jax

configure_jax()

from lionsearch.catalog import load_program
from lionsearch.evaluation.estimate import estimate
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.graph import check_program
from lionsearch.lang import Program
from lionsearch.tasks.spec import load_task

_HERE = Path(__file__).parent
_TASKS = ("digits_gru", "docs_transformer")
_CHOOSING = Seeds((0, 1, 2))
_SEEDS = Seeds(tuple(range(90_000, 90_008)), "test")
_RATES = tuple(2.0**power for power in range(-6, 5))


def measure(runner: TaskRunner, program: Program) -> dict[str, float]:
    """Return a program's mean score with its 95 % interval, and the multiple of the learning rate it was trained at."""
    tuning = {rate: sum(runner.losses(program, _CHOOSING, rate)) for rate in _RATES}
    rate = min(tuning, key=lambda rate: tuning[rate] if math.isfinite(tuning[rate]) else math.inf)
    losses = runner.losses(program, _SEEDS, rate)
    scores = [runner.reference(seed, "test").score(loss) for seed, loss in zip(_SEEDS.seeds, losses, strict=True)]
    found = estimate(tuple(scores))
    return {"mean": found.mean, "interval": found.interval, "rate": rate}


def main() -> None:
    """Measure the programs."""
    programs = {path.stem: check_program(path.read_text()) for path in sorted((_HERE / "winners").glob("*.py"))}
    programs |= {name: load_program(name) for name in ("lion", "adamw")}
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in programs}
    for task in _TASKS:
        runner = TaskRunner(load_task(task), Limits())
        for name, program in programs.items():
            found[name][task] = measure(runner, program)
    (_HERE / "unseen.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"| program | {' | '.join(f'`{task}`' for task in _TASKS)} |\n|---{'|---' * len(_TASKS)}|")
    for name, scores in found.items():
        cells = [f"{s['mean']:+.3f} ±{s['interval']:.3f} (rate x {s['rate']:g})" for s in scores.values()]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
