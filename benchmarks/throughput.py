"""How fast the search is, part by part, each figure a ratio or a median of one run on this machine.

    python benchmarks/throughput.py                                all parts, about five minutes on two cores
    python benchmarks/throughput.py --part tasks --task digits_mlp
    python benchmarks/throughput.py --population 1,16,256,4096     programs as one batch, for accelerators

Parts: `language` (mutate, check, remove dead code, fingerprint), `tasks` (interpreted against compiled), `savings`
(early exit and hurdles), `memory` (5,000 candidates in one worker). `scaling.py` measures workers and their driver.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lionsearch.evaluation.device import configure_jax

configure_jax()  # as in a worker

import jax
import numpy as np

jax.config.update("jax_enable_compilation_cache", False)  # compiling is measured

from lionsearch.catalog import TASKS, load_program
from lionsearch.evaluation.evaluator import Evaluator
from lionsearch.evaluation.plan import EvaluationPlan, Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.evolution import MUTATIONS, MutationRates, MutationSettings, mutate
from lionsearch.graph import find_live, fingerprint, remove_dead_code
from lionsearch.lang import Program
from lionsearch.records import Stage
from lionsearch.runs.config import load_experiment
from lionsearch.tasks.spec import TaskSpec, load_task

PARTS = ("language", "tasks", "savings", "memory")
SEED = Seeds((0,))


def main() -> None:
    """Print the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="repeat for several; default: all")
    parser.add_argument("--task", action="append", help="repeat for several; default: all tasks")
    parser.add_argument("--population", help="sizes of the batch, separated by commas; nothing else is run")
    arguments = parser.parse_args()
    tasks = arguments.task or TASKS.names()
    if arguments.population:
        sizes = [int(size) for size in arguments.population.split(",")]
        sys.path.insert(0, str(Path(__file__).parent.parent))
        from benchmarks.population import measure_population

        for name in arguments.task or ["digits_mlp"]:
            measure_population(load_task(name), draw_candidates(max(sizes)), sizes, patience=120.0)
        return
    for part in arguments.part or PARTS:
        if part == "language":
            measure_language()
        elif part == "tasks":
            for name in tasks:
                measure_task(load_task(name))
        elif part == "savings":
            measure_savings()
        else:  # memory wants a process in which JAX has done nothing yet
            code = f"import benchmarks.throughput as throughput; throughput.measure_{part}()"
            subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)


def measure_language(rounds: int = 5, programs: int = 400) -> None:
    """Print how many twenty-statement programs a second one core mutates, checks, strips and fingerprints."""
    rng, settings = random.Random(0), MutationSettings()
    parents = [grow_program(rng, 20) for _ in range(200)]
    rates = []
    for _ in range(rounds):
        start = time.perf_counter()
        for index in range(programs):
            child, _ = mutate(parents[index % len(parents)], rng, settings)
            fingerprint(remove_dead_code(child))
        rates.append(programs / (time.perf_counter() - start))
    print(
        f"language: {statistics.median(rates):,.0f} programs/s mutated, checked, stripped and fingerprinted", flush=True
    )


def measure_task(spec: TaskSpec, compiled: int = 10, rounds: int = 5) -> None:
    """Print interpreted against compiled candidates, and the interpreter's slowdown against native code.

    Both train to the end on one seed; early exit is off, so that both do the same work.
    """
    runner = TaskRunner(spec, Limits())
    candidates = draw_candidates(compiled)
    runner.losses(candidates[0], SEED)
    one_by_one, interpreted = [], []
    for candidate in candidates:  # A B A B
        one_by_one.append(
            measure(lambda c=candidate: runner.trainer.compile(c, 0, "validation", runner.trainer.never)())
        )
        interpreted.append(measure(lambda c=candidate: runner.losses(c, SEED)))
    slowdowns, times = [], [0.0, 0.0]
    for name in ("adamw", "lion", "adamw_debiased"):
        program = load_program(name)
        native = runner.trainer.compile(program, 0, "validation", runner.trainer.never)
        native()
        pairs = [(measure(lambda p=program: runner.losses(p, SEED)), measure(native)) for _ in range(rounds * 3)]
        slowdowns.append(statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs))
        if name == "adamw":
            times = [1e3 * statistics.median(column) for column in zip(*pairs, strict=True)]
    ratio = statistics.median(a / b for a, b in zip(one_by_one, interpreted, strict=True))
    print(
        f"{spec.name}: interpreted {1 / statistics.median(interpreted):.1f} candidates/s,"
        f" compiled one by one {1 / statistics.median(one_by_one):.2f}/s, ratio {ratio:.1f}x;"
        f" adamw {times[0]:.1f} ms interpreted, {times[1]:.1f} ms native;"
        f" slowdown {statistics.median(slowdowns):.2f}x (adamw, lion, adamw_debiased:"
        f" {', '.join(f'{slowdown:.2f}' for slowdown in slowdowns)})",
        flush=True,
    )


def measure_savings(candidates: int = 400) -> None:
    """Print what early exit and the hurdle of the quickstart save, over mutated programs, and what they lose."""
    config = load_experiment("quickstart")
    (cheap, hurdle), (dear, _) = config.plan().tasks
    programs = draw_candidates(candidates)
    runner, eager = TaskRunner(cheap, Limits()), replace(SEED, early_exit=True)
    runner.evaluate(programs[0], eager)
    whole = [measure(lambda p=program: runner.losses(p, SEED)) for program in programs]
    losses = [runner.losses(program, SEED)[0] for program in programs]
    early = [measure(lambda p=program: runner.evaluate(p, eager)) for program in programs]
    results = [runner.evaluate(program, eager) for program in programs]
    best = sorted(range(candidates), key=lambda i: losses[i] if np.isfinite(losses[i]) else np.inf)
    kept = [i for i in best if results[i].score is not None]
    lost = [i for i in best[: max(1, len(kept) // 4)] if results[i].score is None]
    print(
        f"early exit on {cheap.name}: {sum(whole):.2f} s to {sum(early):.2f} s for {candidates} unique candidates"
        f" ({sum(whole) / sum(early):.1f}x), {candidates - len(kept)} left early or failed,"
        f" {len(lost)} of the best {max(1, len(kept) // 4)} among them",
        flush=True,
    )
    passing = sum(1 for result in results if result.score is not None and result.score >= hurdle)
    runner = TaskRunner(dear, Limits())
    runner.evaluate(programs[0], SEED)
    cost = statistics.median(measure(lambda: runner.evaluate(load_program("adamw"), SEED)) for _ in range(3))
    print(
        f"hurdle of {hurdle:+g}: {passing} of {candidates} candidates go on to {dear.name} ({cost * 1e3:.0f} ms each);"
        f" {(len(kept) - passing) * cost:.1f} s saved of {len(kept) * cost:.1f} s",
        flush=True,
    )


def measure_memory(candidates: int = 5000) -> None:
    """Print this process's memory while it evaluates candidates on the quickstart's tasks, as a worker does."""
    plan = load_experiment("quickstart").plan()
    evaluator = Evaluator(EvaluationPlan(tuple((spec, 0.02) for spec, _ in plan.tasks)))
    evaluator.runner(plan.tasks[1][0]).evaluate(load_program("adamw"), SEED)  # so that both tasks are compiled
    used = []
    for index, program in enumerate(draw_candidates(candidates), start=1):
        evaluator.evaluate(program, Stage.SEARCH)
        if index in (candidates // 10, candidates // 2, candidates):
            used.append((index, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10))
    shown = ", ".join(f"{megabytes:.0f} MiB after {index}" for index, megabytes in used)
    print(f"peak memory of a worker with both of the quickstart's tasks: {shown}", flush=True)


def draw_candidates(count: int) -> list[Program]:
    """Return unique programs a few mutations away from AdamW whose update depends on the gradient."""
    rng, settings = random.Random(1), MutationSettings()
    start = load_program("adamw")
    found: dict[str, Program] = {}
    while len(found) < count:
        program = start
        for _ in range(rng.randint(1, 8)):
            program, _ = mutate(program, rng, settings)
        if "g" in find_live(program).reads:
            found.setdefault(fingerprint(program), program)
    return list(found.values())


def grow_program(rng: random.Random, length: int) -> Program:
    """Return AdamW with random statements inserted up to a length."""
    rates = MutationRates(**dict.fromkeys(MUTATIONS, 0.0) | {"insert": 1.0})
    insert_only = MutationSettings(rates=rates, again=0.0, match=0.0, rescale=0.0)
    program = load_program("adamw")
    while len(program.statements) < length:
        program, _ = mutate(program, rng, insert_only)
    return program


def measure(function: Callable[[], object]) -> float:
    """Return the seconds that a call takes, device work included."""
    start = time.perf_counter()
    jax.block_until_ready(function())
    return time.perf_counter() - start


def drain(collect: Callable[[], Sequence[object]], count: int) -> None:
    """Collect so many results."""
    while count > 0:
        count -= len(collect())


if __name__ == "__main__":
    main()
