"""Mutated inputs of every kind that is read: programs, compositions, settings, a run's configuration and rows, and
stored references. What is read or refused in a sentence is right; all else, seconds and gigabytes too, is a failure.

    python tests/fuzz.py --inputs 1000000

Input number N of a seed does not depend on the others: `--seed S --only N` prints it and reads it once more.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

from lionsearch.archive import RunStore, rows
from lionsearch.archive.rows import CandidateRow, ConditionRow, DamagedRowError, ProgramRow
from lionsearch.archive.soundness import examine_run
from lionsearch.archive.targets import load_target
from lionsearch.catalog import EXPERIMENTS, PROGRAMS, TASKS
from lionsearch.catalog.schema import parse_settings, parse_toml
from lionsearch.errors import LionSearchError
from lionsearch.evaluation import references
from lionsearch.evaluation.references import Reference
from lionsearch.graph import check_program
from lionsearch.lang import format_program
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult
from lionsearch.runs.config import Experiment, dump_config, load_experiment, parse_config
from lionsearch.tasks.spec import TaskSpec

MOST_SECONDS = 1.0
MOST_GROWTH = 200.0
"""Megabytes."""

_EVERY = 50_000
_MOST_SHOWN = 50
_HANGS = 20  # seconds
_LONGEST_MESSAGE = 2_000
_TOKENS = (
    *"()[]{},=.:*-+/%<'\"#",
    *(
        "**",
        "==",
        '"""',
        "\n",
        "\r",
        "\r\n",
        "\t",
        "    ",
        "\\",
        "\0",
        "\x1b[31m",
        "\x9b",
        "\ufeff",
        "\u202e",
        "\ud800",
    ),
    *("é", "漢", "\U0001f600", "\\u0000", "\\ud800", "\\z"),
    *("0", "-1", "1e999", "-1e400", "nan", "inf", "1e-400", "0x10", "1_0", "1j", "9" * 25, "9" * 5_000, str(2**63)),
    *("True", "None", "true", "null", "1979-05-27", "lambda: g", "return g", "import os", "w", "lr"),
    *("def train(w, g, lr):", "g = g + g\n    ", "sqrt(", "interp(g, g, 0.9)", "matmul(g, g)"),
    *("lookahead(", "adamw", "./x.py", "x.py", ":7"),
    *("[[a]]", "a.a.", "[a", "options", "seeds = 1000000000", "steps = 1000000000"),
    *("NaN", "Infinity", '{"a":', "[[[["),
)
_VALUES = (
    *(None, True, 0, -1, 1, 2**62, 1e308, -0.0, float("inf"), float("nan")),
    *("", "x", "x" * 100_000, "\0", "\udcff", b"\xff", "[" * 100_000, "[]", "[1]", "[NaN]", '["x"]', "{}"),
    *('[["a", 1]]', "1e999", "9" * 5_000, "search", "timeout", "null"),
)

Read = Callable[[Any], object]


@dataclass
class Target:
    """One kind of input.

    Attributes:
        name: of it.
        seeds: real inputs.
        read: what a command does with one.
        mutate: gives a changed one.
        weight: how often it is drawn.
    """

    name: str
    seeds: list[Any]
    read: Read
    mutate: Callable[[random.Random, list[Any]], Any]
    weight: int


@dataclass
class Outcome:
    """What came of the inputs."""

    inputs: int = 0
    slowest: float = 0.0
    slowest_input: str = ""
    start: float = 0.0
    peak: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    drawn: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def mutate_text(rng: random.Random, seeds: list[str]) -> str:
    """Return a real text with one to four changes."""
    text = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = _change(rng, text, seeds)
    return text


def _change(rng: random.Random, text: str, seeds: list[str]) -> str:
    start = rng.randrange(len(text) + 1)
    end = min(len(text), start + rng.choice((0, 1, 1, 3, 10, 40, 200)))
    kind = rng.randrange(8)
    if kind == 0:
        return text[:start] + text[end:]
    if kind in (1, 2):
        return text[:start] + rng.choice(_TOKENS) + text[start if kind == 1 else end :]
    if kind == 3:
        return text[:start] + chr(rng.choice((rng.randrange(128), rng.randrange(0x3000)))) + text[end:]
    if kind == 4:
        other = rng.choice(seeds)
        cut = rng.randrange(len(other) + 1)
        return text[:start] + other[cut : cut + rng.choice((5, 50, 500))] + text[end:]
    if kind == 5:
        return text[:start] + "".join(rng.choice(_TOKENS) for _ in range(rng.randrange(8))) + text[end:]
    if kind == 6:
        return text[:start] + str(rng.choice((rng.randrange(-9, 10**6), rng.uniform(-1e3, 1e3)))) + text[end:]
    piece = rng.choice((text[start:end], rng.choice(_TOKENS)))
    times = rng.choice((2, 5, 50, 500)) if rng.random() < 0.98 else rng.choice((5_000, 50_000, 500_000))
    return text[:start] + piece * min(times, 3_000_000 // max(len(piece), 1)) + text[end:]


def mutate_bytes(rng: random.Random, seeds: list[bytes]) -> bytes:
    """Return a real file with some bytes changed, or cut off."""
    content = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 2, 8, 64))):
        if content:
            content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content[: rng.randrange(len(content) + 1)] if rng.random() < 0.1 else content)


def mutate_record(rng: random.Random, seeds: list[tuple[str, Any]]) -> tuple[str, Any]:
    """Return rows with a value changed; half of them with a digest that fits, as somebody writes who knows how."""
    kind, content = rng.choice(seeds)
    lists = json.loads(json.dumps(content))
    row = lists[0] if kind == "evaluation" and (rng.random() < 0.5 or not lists[1]) else lists
    row = rng.choice(lists[1]) if kind == "evaluation" and row is lists else row
    where = rng.randrange(len(row))
    old = row[where]
    row[where] = mutate_text(rng, [old]) if isinstance(old, str) and rng.random() < 0.5 else rng.choice(_VALUES)
    if kind == "evaluation":
        evaluation, results = lists[0], [tuple(result) for result in lists[1]]
        if rng.random() < 0.5:
            evaluation[-1] = rows._digest("evaluations", [*evaluation[:-1], results])
        return kind, (tuple(evaluation), results)
    if rng.random() < 0.5:
        row[-1] = rows._digest(kind, row[:-1])
    return kind, tuple(row)


def mutate_reference(rng: random.Random, seeds: list[bytes]) -> bytes:
    """Return the file of a reference with something changed; half of them with a digest that fits."""
    if rng.random() < 0.5:
        return mutate_text(rng, [seed.decode() for seed in seeds]).encode(errors="surrogatepass")
    content = json.loads(rng.choice(seeds))
    content[rng.choice(list(content))] = rng.choice([value for value in _VALUES if not isinstance(value, bytes)])
    content["digest"] = references._digest({k: v for k, v in content.items() if k != "digest"}, "key")
    return json.dumps(content).encode()


def _read_program(text: str) -> object:
    return check_program(format_program(check_program(text)))


def _read_target(text: str) -> object:
    return _read_program(format_program(load_target(text)[0]))


def _read_task(text: str) -> object:
    return parse_settings({"name": "x", **_read_toml(text)}, TaskSpec, "x.toml").model_dump_json()


def _read_experiment(text: str) -> object:
    return parse_settings(_read_toml(text), Experiment, "x.toml").model_dump_json()


def _read_toml(text: str) -> dict[str, Any]:
    return parse_toml(text.encode(errors="replace").decode(), "x.toml")  # a file holds no half characters


def _read_config(text: str) -> object:
    config = parse_config(text, "config.json")
    return config.plan(), config.initial(), dump_config(config)


def _read_rows(given: tuple[str, Any]) -> object:
    kind, content = given
    openers: dict[str, Read] = {
        "candidates": rows.open_candidate,
        "programs": rows.open_program,
        "conditions": rows.open_condition,
        "evaluation": lambda pair: rows.open_evaluation(*pair),
    }
    try:
        found = openers[kind](content)
        return check_program(found.text) if isinstance(found, ProgramRow) else found
    except DamagedRowError as error:
        raise LionSearchError(str(error)) from None


def _read_reference(content: bytes) -> object:
    return references._read(content, "key")


def _read_database(folder: Path) -> Read:
    def read(content: bytes) -> object:
        (folder / "run.sqlite").write_bytes(content)
        examine_run(folder)
        store = RunStore.read(folder)
        try:
            return [store.counts(), store.lineage(3), store.conditions(), *map(store.leaderboard, Stage)]
        finally:
            store.close()

    return read


def make_targets(folder: Path) -> list[Target]:
    """Return all kinds of inputs, with seeds from what is shipped.

    Args:
        folder: an empty one, for a run.
    """
    programs = [path.read_text(encoding="utf-8") for path in sorted(PROGRAMS.shipped.glob("*.py"))]
    tasks = [path.read_text(encoding="utf-8") for path in sorted(TASKS.shipped.glob("*.toml"))]
    experiments = [path.read_text(encoding="utf-8") for path in sorted(EXPERIMENTS.shipped.rglob("*.toml"))]
    compositions = [
        "lookahead(adamw(b1=0.95), k=5)",
        "matrices(muon, adamw_debiased)",
        "clip_norm(./mine.py, limit=0.5)",
        "lookahead(schedule_free(sgd(lr_scale=0.1)), k=3)",
        "'my rule.py'",
        "lion",
        f"{folder / 'run'}:3",
    ]
    configs = [dump_config(load_experiment(name)) for name in EXPERIMENTS.names()]
    reference = asdict(Reference(2.3, 0.5, 2.25, (1.5, 1.25, 0.75)))
    stored = json.dumps({**reference, "digest": references._digest(json.loads(json.dumps(reference)), "key")}).encode()
    sealed, database = _make_run(folder / "run", programs[:4])
    return [
        Target("program", programs, _read_program, mutate_text, 40),
        Target("composition", compositions, _read_target, mutate_text, 20),
        Target("task", tasks, _read_task, mutate_text, 15),
        Target("experiment", experiments, _read_experiment, mutate_text, 15),
        Target("config", configs, _read_config, mutate_text, 10),
        Target("rows", sealed, _read_rows, mutate_record, 20),
        Target("reference", [stored], _read_reference, mutate_reference, 10),
        Target("database", [database], _read_database(folder / "run"), mutate_bytes, 5),
    ]


def _make_run(folder: Path, programs: list[str]) -> tuple[list[tuple[str, Any]], bytes]:
    """Return rows of a run, and its database."""
    scored = TaskResult("cheap", 0.5, 0.25, metrics=(("accuracy", 0.5),), scores=(0.25, 0.5))
    failed = TaskResult("dear", failure=Failure(FailureKind.NON_FINITE, "after 3 steps"))
    sealed: list[tuple[str, Any]] = []
    store = RunStore.create(folder, "{}")
    for number, text in enumerate(programs):
        candidate = CandidateRow(number, number - 1 if number else None, "insert", f"f{number}", 9, 5)
        evaluation = Evaluation(
            Stage.SEARCH, None if number == 2 else 0.25, (scored, failed)[: number + 1], (0.25, 0.5)
        )
        condition = ConditionRow(number, "task", "cheap", "a digest")
        store.add_candidate(candidate)
        store.add_program(*astuple(ProgramRow(f"f{number}", number, text)))
        store.add_evaluation(f"f{number}", evaluation)
        store.add_condition(condition)
        sealed += [
            ("candidates", rows.seal(candidate)),
            ("programs", rows.seal(ProgramRow(f"f{number}", number, text))),
            ("conditions", rows.seal(condition)),
            ("evaluation", rows.seal_evaluation(f"f{number}", evaluation)),
        ]
    store.close()
    return sealed, (folder / "run.sqlite").read_bytes()


def draw(targets: list[Target], seed: int, number: int) -> tuple[Target, Any]:
    """Return an input of a seed."""
    rng = random.Random(f"{seed}|{number}")
    target = rng.choices(targets, [target.weight for target in targets])[0]
    return target, target.mutate(rng, target.seeds)


def try_input(target: Target, given: Any) -> str | None:
    """Return what is wrong with how an input is read, "" if it is refused, None if it is read."""
    try:
        target.read(given)
    except LionSearchError as error:
        message = str(error)
        if len(message) > _LONGEST_MESSAGE or len(message.splitlines()) > 4:
            return f"a message of {len(message)} characters: {message[:200]!r}"
        return ""
    except _TooSlow:
        return f"not done after {_HANGS} seconds"
    except Exception:
        return traceback.format_exc(limit=-3)
    return None


def run(inputs: int, seed: int = 0, listener: Callable[[Outcome], None] = lambda outcome: None) -> Outcome:
    """Return what came of so many inputs."""
    with _working_folder() as folder, _alarm():
        targets = make_targets(folder)
        outcome = Outcome(start=_peak())
        for number in range(inputs):
            target, given = draw(targets, seed, number)
            before, start = _peak(), time.process_time()
            signal.alarm(_HANGS)
            wrong = try_input(target, given)
            signal.alarm(0)
            seconds, grown = time.process_time() - start, _peak() - before
            if not wrong and seconds > MOST_SECONDS:
                wrong = f"{seconds:.2f} seconds"
            if not wrong and grown > MOST_GROWTH:
                wrong = f"{grown:.0f} MB"
            outcome.inputs += 1
            outcome.drawn[target.name] += 1
            outcome.refused[target.name] += wrong == ""
            if seconds > outcome.slowest:
                outcome.slowest, outcome.slowest_input = seconds, f"{target.name}, --only {number}"
            if wrong:
                outcome.failures.append(f"{target.name}, --seed {seed} --only {number}: {wrong}")
                listener(outcome)
            if outcome.inputs % _EVERY == 0:
                listener(outcome)
        outcome.peak = _peak()
    return outcome


def show(seed: int, number: int) -> int:
    """Print an input and what is wrong with it; return the exit code."""
    with _working_folder() as folder, _alarm():
        target, given = draw(make_targets(folder), seed, number)
        text = repr(given)
        print(f"{target.name}, {len(text)} characters: {text[:2_000]}{'...' if len(text) > 2_000 else ''}")
        start = time.process_time()
        wrong = try_input(target, given)
        print(f"{time.process_time() - start:.3f} seconds, peak memory {_peak():.0f} MB")
        print("read" if wrong is None else wrong or "refused")
    return int(bool(wrong))


class _TooSlow(BaseException):
    pass


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _working_folder() -> Iterator[Path]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("mine.py").write_text("def train(w, g, lr): return g * lr\n")
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


def _peak() -> float:
    """Return the most memory that the process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def describe(outcome: Outcome) -> str:
    """Return it as the command prints it."""
    kinds = ", ".join(f"{name} {count} ({outcome.refused[name]} refused)" for name, count in outcome.drawn.items())
    return (
        f"{outcome.inputs} inputs: {kinds}\n"
        f"slowest input {outcome.slowest:.3f} s ({outcome.slowest_input})\n"
        f"peak memory {max(outcome.peak, _peak()):.0f} MB, {outcome.start:.0f} MB of it before the first input\n"
        f"{len(outcome.failures)} failures"
    )


def main() -> int:
    """Run the command line; the exit code is 1 if there is a failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one input by its number")
    given = parser.parse_args()
    if given.only is not None:
        return show(given.seed, given.only)
    shown = 0

    def follow(outcome: Outcome) -> None:
        nonlocal shown
        for failure in outcome.failures[shown:][: max(0, _MOST_SHOWN - shown)]:
            print(f"FAILURE {failure}", flush=True)
        shown = len(outcome.failures)
        if outcome.inputs % _EVERY == 0:
            print(describe(outcome), file=sys.stderr, flush=True)

    outcome = run(given.inputs, given.seed, follow)
    print(describe(outcome))
    return int(bool(outcome.failures))


if __name__ == "__main__":
    sys.exit(main())
