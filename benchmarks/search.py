"""How fast the search itself is: programs, trainings and seconds until its best reaches a score on fresh seeds.

    python benchmarks/search.py                                       two rows, two seeds: a first look, minutes
    python benchmarks/search.py --row all --seed 0 1 2 3 4 --json FILE     every lever: hours on one core
    python benchmarks/search.py --table FILE                          the table of what was measured

Every row is the shipped experiment with one lever switched off, or the paper's preset; every search starts from AdamW
and ends after so many trainings. Seconds are of the processor, compilation and confirmation left out. A search that
does not get there counts as infinite; the table shows medians over seeds and, in brackets, the range. `Lion's family`
is what `lionsearch identify` makes of the best, simplified exactly: lion or signum, transforms of them included.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lionsearch.evaluation.device import configure_jax

configure_jax()

from lionsearch.catalog import load_program
from lionsearch.catalog.schema import parse_settings
from lionsearch.evaluation.evaluator import Evaluator
from lionsearch.evolution import SearchSettings, make_search
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.identification.identity import identify
from lionsearch.lang import Program, format_program
from lionsearch.records import Evaluation, Stage, TaskResult, choice_key
from lionsearch.runs.config import Experiment, load_experiment
from lionsearch.simplification.pipeline import simplify

_LIVE = ("tune", "splice", "duplicate", "bypass", "operation", "crossover")
ROWS: dict[str, dict[str, Any]] = {
    "default": {},
    **{f"no {name}": {"mutation": {"rates": {name: 0.0}}} for name in _LIVE},
    "no exchange or redirect": {"mutation": {"rates": {"exchange": 0.0, "redirect": 0.0}}},
    "no rescale": {"mutation": {"rescale": 0.0}},
    "no match": {"mutation": {"match": 0.0}},
    "the rate may go": {"mutation": {"keep_rate": False}},
    "the young survive": {"survival": "young"},
    "paper's constants": {"mutation": {"constants": "paper"}},
    "one mutation at a time": {"mutation": {"again": 0.0}},
    "no parsimony": {"parsimony": 0.0},
    "no racing": {"racing": {"seeds": 0}},
    "four seeds": {"racing": {"seeds": 4}},
    "one island": {"islands": 1},
    "paper": {"preset": "paper"},
}
"""What each row changes of the experiment's `[search]`; a preset stands for itself."""

_FAMILY = ("lion", "signum")


@dataclass(frozen=True)
class Found:
    """What one search did.

    Attributes:
        row: the lever.
        seed: of the search.
        path: for each new best on fresh seeds: (seconds, programs, trainings, mean score over the tasks).
        programs: generated in all.
        trainings: in all.
        program: the best.
        test: its score on each task on seeds and the test split that nothing was chosen by.
        short: the best, simplified exactly.
        identity: what that is.
    """

    row: str
    seed: int
    path: tuple[tuple[float, int, int, float], ...]
    programs: int
    trainings: int
    program: str
    test: tuple[float, ...]
    short: str
    identity: str

    def until(self, score: float) -> tuple[float, float, float]:
        """Return (seconds, programs, trainings) until the best reached a score."""
        reached = next(((seconds, p, t) for seconds, p, t, best in self.path if best >= score), None)
        return reached or (math.inf, math.inf, math.inf)

    @property
    def in_family(self) -> bool:
        """Whether it is of Lion's family."""
        return any(name in self.identity.split(" with ")[0] for name in _FAMILY)


class Drive:
    """One search in this process, one candidate after the other.

    Args:
        settings: of the search.
        experiment: says how many candidates are in flight, and how many elites there are.
        evaluator: of its plan; may be shared.
        seed: of the search.
    """

    def __init__(self, settings: SearchSettings, experiment: Experiment, evaluator: Evaluator, seed: int):
        self._settings, self._evaluator = settings, evaluator
        self._window, self._elites = experiment.window, experiment.evaluation.elites
        self._search = make_search([load_program("adamw")], settings, seed)
        self._known: dict[str, tuple[Evaluation, Program]] = {}
        self._confirmed: set[str] = set()
        self._best_key = (False, -math.inf)
        self._outside = 0.0
        self.path: list[tuple[float, int, int, float]] = []
        self.best = load_program("adamw")
        self.programs = self.trainings = 0

    def run(self, trainings: int) -> None:
        """Search for so many trainings, then confirm the elites."""
        pending: deque[tuple[Any, str]] = deque()
        started, best_in_search = time.process_time(), (False, -math.inf)
        while self.trainings < trainings:
            spent = time.process_time() - started - self._outside
            while len(pending) < self._window:
                pending.append(self._evaluate())
            candidate, name = pending.popleft()
            evaluation, live = self._known[name]
            self._search.tell(candidate, evaluation.rounds)
            self.programs += 1
            if self._is_whole(evaluation) and self._choice_key(evaluation, live) > best_in_search:
                best_in_search = self._choice_key(evaluation, live)
                self._confirm(name, live, spent)
        whole = [(self._choice_key(e, live), name) for name, (e, live) in self._known.items() if self._is_whole(e)]
        for _, name in sorted(whole, reverse=True)[: self._elites]:
            self._confirm(name, self._known[name][1], time.process_time() - started - self._outside)

    def _evaluate(self) -> tuple[Any, str]:
        candidate = self._search.ask()
        live = remove_dead_code(candidate.program)
        name = fingerprint(live)
        if name not in self._known:
            evaluation = self._evaluator.evaluate(live, Stage.SEARCH, candidate.hurdles)
            self._known[name] = (evaluation, live)
            self.trainings += sum(result.trainings for result in evaluation.results)
        return candidate, name

    def _is_whole(self, evaluation: Evaluation) -> bool:
        return len(evaluation.rounds) == (self._settings.racing.seeds or 1)

    def _choice_key(self, evaluation: Evaluation, live: Program) -> tuple[bool, float]:
        return choice_key(evaluation, len(live.statements), self._settings.parsimony)

    def _confirm(self, name: str, live: Program, spent: float) -> None:
        if name in self._confirmed:
            return
        self._confirmed.add(name)
        started = time.process_time()
        evaluation = self._evaluator.evaluate(live, Stage.CONFIRM)
        self._outside += time.process_time() - started
        if (key := self._choice_key(evaluation, live)) > self._best_key:
            self._best_key = key
            self.best = live
            self.path.append((round(spent, 1), self.programs, self.trainings, _mean(evaluation.results)))


def _mean(results: Sequence[TaskResult]) -> float:
    """Return the mean score over the tasks, where a failure counts as an untrained network."""
    return statistics.fmean(-1.0 if result.score is None else result.score for result in results)


def search(row: str, experiment: str, seed: int, trainings: int, evaluators: dict[str, Evaluator]) -> Found:
    """Return what a search with one lever switched off does in so many trainings."""
    config = load_experiment(experiment)
    given = config.experiment.search.model_dump()
    change = ROWS[row]
    content = change if "preset" in change else _merge(given, change)
    settings = parse_settings(content, SearchSettings, row)
    evaluator = evaluators.setdefault(experiment, Evaluator(config.plan()))
    drive = Drive(settings, config.experiment, evaluator, seed)
    seeds = settings.racing.seeds
    evaluator.evaluate(load_program("adamw"), Stage.SEARCH, (-math.inf,) * (seeds - 1) if seeds else None)  # compiles
    drive.run(trainings)
    report = evaluator.evaluate(drive.best, Stage.REPORT)
    short = simplify(drive.best).program
    return Found(
        row,
        seed,
        tuple(drive.path),
        drive.programs,
        drive.trainings,
        format_program(drive.best),
        tuple(-1.0 if result.score is None else result.score for result in report.results),
        format_program(short),
        str(identify(short) or "no known optimizer"),
    )


def _merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        merged[key] = _merge(merged[key], value) if isinstance(value, dict) else value
    return merged


def print_table(found: Sequence[Found], score: float) -> None:
    """Print a row for each lever."""
    print(f"\n| row | seeds | reach {score:+g} | seconds | programs | trainings | test score | Lion's family |")
    print("|---|---|---|---|---|---|---|---|")
    for row in dict.fromkeys(each.row for each in found):
        runs = [each for each in found if each.row == row]
        until = [each.until(score) for each in runs]
        reached = sum(math.isfinite(seconds) for seconds, *_ in until)
        cells = [_spread([values[i] for values in until], ".0f") for i in range(3)]
        tests = _spread([statistics.fmean(each.test) for each in runs], "+.3f")
        family = sum(each.in_family for each in runs)
        print(f"| {row} | {len(runs)} | {reached} | {' | '.join(cells)} | {tests} | {family} |")


def _spread(values: Sequence[float], form: str) -> str:
    shown = [format(value, form) if math.isfinite(value) else "∞" for value in (min(values), max(values))]
    middle = statistics.median(values)
    return f"{format(middle, form) if math.isfinite(middle) else '∞'} ({shown[0]} to {shown[1]})"


def main() -> None:
    """Run the searches and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", nargs="+", default=["default", "paper"], choices=["all", *ROWS], help="levers")
    parser.add_argument("--experiment", default="quickstart", help="whose tasks and settings are taken")
    parser.add_argument("--seed", nargs="+", type=int, default=[0, 1], help="of the searches")
    parser.add_argument("--trainings", type=int, default=2000, help="in each search")
    parser.add_argument(
        "--score", type=float, default=0.05, help="mean over the tasks on fresh seeds, that is to be reached"
    )
    parser.add_argument("--json", type=Path, help="a file to which each search is added as a line")
    parser.add_argument("--table", type=Path, help="print the table of such a file")
    options = parser.parse_args()
    if options.table:
        lines = options.table.read_text().splitlines()
        print_table([Found(**json.loads(line)) for line in lines], options.score)
        return
    rows = list(ROWS) if "all" in options.row else options.row
    found, evaluators = [], {}
    for seed in options.seed:
        for row in rows:
            found.append(search(row, options.experiment, seed, options.trainings, evaluators))
            print(f"{row}, seed {seed}: {found[-1].path[-1:]} test {found[-1].test}, {found[-1].identity}", flush=True)
            if options.json:
                with options.json.open("a") as file:
                    file.write(json.dumps(asdict(found[-1])) + "\n")
    print_table(found, options.score)


if __name__ == "__main__":
    main()
