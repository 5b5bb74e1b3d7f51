"""What optimizers are worth on a task, each with its constants tuned: which tasks tell them apart?

    python benchmarks/panel.py --task digits_rnn                        some ten minutes on one core
    python benchmarks/panel.py --task digits_rnn --program lion signum  some of them
    python benchmarks/panel.py --task digits_rnn digits_small_vit --together  each with the same constants on all tasks

Learning rate, weight decay and betas of every program are tuned together by CMA-ES on the validation split, with fresh
seeds in each generation; what is printed is measured on seeds and the test split that nothing was chosen by. 0 is
AdamW of the paper with its own betas, as tuned for the task; `lead` is over AdamW with tuned betas, `+-` the standard
error, seed by seed.

References: Hansen 2016 (arXiv 1604.00772) for CMA-ES; Schmidt et al. 2021 (arXiv 2007.01547) for tuned comparisons.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from cmaes import CMA

from lionsearch.evaluation.device import configure_jax

configure_jax()

from lionsearch.catalog import load_program
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.graph import check_program
from lionsearch.lang import Program
from lionsearch.tasks.spec import load_task

PANEL = (
    "adamw", "adamw_debiased", "nesterov_adamw", "two_beta_adamw", "nadam", "rmsprop", "adafactor", "cautious_adamw",
    "grams", "momentum_over_own_rms", "cbrt_adamw", "sgd_momentum", "normalized_sgd", "sign_sgd", "signum", "lion",
    "cautious_lion",
)  # fmt: skip
OWN = {
    "nesterov_adamw": """
def train(w, g, m, v, lr, *, b1=0.9, b2=0.999, weight_decay=0.01, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    return (interp(g, m, b1) / sqrt(v) + w * weight_decay) * (lr * lr_scale), m, v
""",
    "sgd_momentum": """
def train(w, g, m, lr, *, b1=0.9, weight_decay=0.01, lr_scale=0.03):
    m = interp(g, m, b1)
    return (m + w * weight_decay) * (lr * lr_scale), m
""",
    "two_beta_adamw": """
def train(w, g, m, v, lr, *, b1=0.9, b2=0.99, b3=0.999, weight_decay=0.01, lr_scale=0.001):
    u = interp(g, m, b1)
    m = interp(g, m, b2)
    v = interp(square(g), v, b3)
    return (u / sqrt(v) + w * weight_decay) * (lr * lr_scale), m, v
""",
    "momentum_over_own_rms": """
def train(w, g, m, v, lr, *, b1=0.9, b2=0.999, weight_decay=0.01, lr_scale=0.001):
    m = interp(g, m, b1)
    v = interp(square(m), v, b2)
    return (m / sqrt(v) + w * weight_decay) * (lr * lr_scale), m, v
""",
    "cbrt_adamw": """
def train(w, g, m, v, lr, *, b1=0.9, b2=0.999, weight_decay=0.01, lr_scale=0.001):
    g = cbrt(g)
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    return (m / sqrt(v) + w * weight_decay) * (lr * lr_scale), m, v
""",
}
"""Programs of the panel that are not in the catalog."""

_STARTS = ({"b1": 0.8, "b2": 0.95, "b3": 0.95}, {"b1": 0.9, "b2": 0.998, "b3": 0.998})
_BETAS = ("b1", "b2", "b3")
_DECAY_UNIT = 0.3
"""Weight decay is tuned as it is, not as its logarithm: a search also finds negative ones, where they pay."""
_GENERATIONS, _AVERAGED, _POPULATION = 24, 6, 9
_FIRST_TUNING_SEED, _FIRST_TEST_SEED = 10_000, 50_000


@dataclass(frozen=True)
class Entry:
    """What came of a program on a task: its constants and its score on each test seed."""

    program: str
    settings: dict[str, float]
    scores: tuple[float, ...]


class Together:
    """Several tasks as one.

    Args:
        runners: the tasks.
    """

    def __init__(self, runners: Sequence[TaskRunner]):
        self._runners = runners

    def scores(self, program: Program, seeds: Seeds) -> tuple[float, ...]:
        """Return the mean score over the tasks for each seed, -inf where a training fails."""
        columns = [
            [runner.reference(seed, seeds.split).score(loss) for seed, loss in zip(seeds.seeds, losses, strict=True)]
            for runner in self._runners
            for losses in [runner.losses(program, seeds)]
        ]
        return tuple(statistics.fmean(row) for row in zip(*columns, strict=True))


class Tuner:
    """Tunes the constants of a program on tasks, the same for all of them.

    Args:
        program: `lr_scale`, `weight_decay` and the betas are tuned where it has them.
        tasks: on which.
    """

    def __init__(self, program: Program, tasks: Together):
        self._program, self._tasks = program, tasks
        given = dict(program.hyperparameters)
        self._names = [name for name in ("lr_scale", "b1", "b2", "b3", "weight_decay") if name in given]
        self._given = {**given, "weight_decay": 0.0}
        self._first = _FIRST_TUNING_SEED

    def tune(self) -> dict[str, float]:
        """Return the constants with the least validation loss on fresh seeds: CMA-ES from short and long memories."""
        found = [self._descend({**self._given, **start}) for start in _STARTS]
        losses = self._losses(found, 16)
        return found[int(np.argmin(losses))]

    def _descend(self, start: dict[str, float]) -> dict[str, float]:
        mean = np.array([self._to_number(name, start[name]) for name in self._names])
        search = CMA(mean=mean, sigma=0.8, population_size=_POPULATION, seed=0)
        means = []
        for _ in range(_GENERATIONS):
            points = [search.ask() for _ in range(_POPULATION)]
            losses = self._losses([self._settings(point) for point in points], 2)
            search.tell(list(zip(points, losses, strict=True)))
            means.append(search.mean)
        return self._settings(np.mean(means[-_AVERAGED:], axis=0))

    def _losses(self, all_settings: Sequence[dict[str, float]], count: int) -> list[float]:
        """Return the mean score, negative, of each of the settings, all on the same fresh seeds."""
        seeds = Seeds(tuple(range(self._first, self._first + count)))
        self._first += count
        found = [
            -statistics.fmean(self._tasks.scores(self._program.with_hyperparameters(settings), seeds))
            for settings in all_settings
        ]
        return [loss if math.isfinite(loss) else 1e3 for loss in found]

    def _settings(self, point: np.ndarray) -> dict[str, float]:
        return {name: self._to_constant(name, x) for name, x in zip(self._names, point.tolist(), strict=True)}

    def _to_number(self, name: str, value: float) -> float:
        if name == "weight_decay":
            return value / _DECAY_UNIT
        return math.log2(1.0 - value) if name in _BETAS else math.log2(value)

    def _to_constant(self, name: str, number: float) -> float:
        if name == "weight_decay":
            return number * _DECAY_UNIT
        return 1.0 - 2.0 ** min(number, 0.0) if name in _BETAS else 2.0 ** min(number, 10.0)


def measure(name: str, tasks: Together, seeds: int) -> Entry:
    """Return what a program, tuned on tasks, is worth there."""
    program = check_program(OWN[name]) if name in OWN else load_program(name)
    settings = Tuner(program, tasks).tune()
    chosen = Seeds(tuple(range(_FIRST_TEST_SEED, _FIRST_TEST_SEED + seeds)), "test")
    return Entry(name, settings, tasks.scores(program.with_hyperparameters(settings), chosen))


def lead(entry: Entry, base: Entry) -> tuple[float, float]:
    """Return the mean lead over another program and its standard error, seed by seed."""
    leads = [a - b for a, b in zip(entry.scores, base.scores, strict=True)]
    if not all(math.isfinite(value) for value in leads):
        return -math.inf, math.nan
    return statistics.fmean(leads), statistics.stdev(leads) / math.sqrt(len(leads)) if len(leads) > 1 else math.nan


def print_panel(entries: Sequence[Entry], seconds: float) -> None:
    """Print the panel, the best first."""
    base = next((entry for entry in entries if entry.program == "adamw"), entries[0])
    print(f"| program | score | lead over tuned {base.program} | +- | constants |\n|---|---|---|---|---|")
    for entry in sorted(entries, key=lambda entry: -statistics.fmean(entry.scores)):
        gain, error = lead(entry, base)
        constants = ", ".join(f"{name} {value:.3g}" for name, value in entry.settings.items())
        print(f"| {entry.program} | {statistics.fmean(entry.scores):+.4f} | {gain:+.4f} | {error:.4f} | {constants} |")
    print(f"\n{seconds:.0f} s")


def main() -> None:
    """Measure the panel on each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", nargs="+", required=True, help="names or files of tasks")
    parser.add_argument("--program", nargs="+", default=PANEL, help="of the panel or the catalog")
    parser.add_argument("--together", action="store_true", help="the same constants on all tasks")
    parser.add_argument("--seeds", type=int, default=48, help="test seeds")
    parser.add_argument("--json", type=Path, help="a file that the entries are written to")
    options = parser.parse_args()
    found: dict[str, list[dict[str, object]]] = {}
    for tasks in [options.task] if options.together else [[task] for task in options.task]:
        started = time.perf_counter()
        runners = [TaskRunner(load_task(task), Limits()) for task in tasks]
        entries = [measure(name, Together(runners), options.seeds) for name in options.program]
        title = "; ".join(
            f"{spec.name}: {spec.steps} steps, batch {spec.batch}, {spec.options}"
            for spec in (runner.spec for runner in runners)
        )
        print(f"\n## {title}\n")
        print_panel(entries, time.perf_counter() - started)
        found[", ".join(tasks)] = [asdict(entry) for entry in entries]
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
