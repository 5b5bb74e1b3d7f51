"""Programs as one batch, for accelerators: by the interpreter and by the kernel, beside the model's own time.

Called by `throughput.py --population`. For each size of a batch: programs a second of both, in one run, by turns; the
share of the time that goes into the model (a batch whose programs have no statement); how far the losses of the two
are from each other; how much longer the first batch took, which compiles; and a roofline: what the statements move and
the model computes in the rest of the time and in its share, against what this device copies and multiplies. At the end
programs a second one at a time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.evaluation.encoding import EncodedProgram
from lionsearch.evaluation.interpreter import Interpreter
from lionsearch.evaluation.machine import Machine
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.trainer import Trainer
from lionsearch.lang import OPERATIONS, Program
from lionsearch.tasks.spec import TaskSpec

ROUNDS = 3
MACHINE = Machine(Limits())


@dataclass(frozen=True)
class Work:
    """What trainings on a task come to.

    Attributes:
        row: bytes of a row, read or written once in each step.
        computed: floating-point operations of the model in all steps.
    """

    row: float
    computed: float


def measure_population(spec: TaskSpec, programs: Sequence[Program], sizes: Sequence[int], patience: float) -> None:
    """Print what a population of each size takes; a size that would take longer than `patience` is left out.

    Args:
        spec: the task.
        programs: as many as the largest size.
        sizes: of a batch.
        patience: seconds.
    """
    trainer = Trainer(spec, Limits())
    prepared = [trainer.prepare(program) for program in programs]
    encoded = [each[1] for each in prepared if isinstance(each, tuple) and each[0] == MACHINE]
    work = _count_work(trainer)
    copied, multiplied = _measure_device()
    print(
        f"{spec.name} on {jax.devices()[0].device_kind}, early exit off; it copies {copied / 1e9:,.0f} GB/s and"
        f" multiplies matrices at {multiplied / 1e12:,.2f} TFLOP/s",
        flush=True,
    )
    shapes = trainer.objective.shapes()[0]
    names = ("plain", "kernel") if jax.default_backend() == "gpu" else ("plain",)  # elsewhere Pallas interprets it
    ways = {name: Interpreter(trainer.problem, shapes, MACHINE, kernel=name == "kernel") for name in names}
    expected = dict.fromkeys(ways, 0.0)
    for size in sizes:
        batch = (encoded * -(-size // len(encoded)))[:size]
        still = [replace(each, length=np.zeros_like(each.length)) for each in batch]
        going = {name: way for name, way in ways.items() if expected[name] * size <= patience}
        for name in ways:
            if name not in going:
                print(f"population {size}, {name}: left out, about {expected[name] * size:.0f} s a batch", flush=True)
        losses, first = {}, {}
        for name, way in going.items():  # compiles
            start = time.perf_counter()
            losses[name] = _train(trainer, way, batch)
            first[name] = time.perf_counter() - start
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(ROUNDS):  # A B A B
            for name, way in going.items():
                for what, given in (("whole", batch), ("model", still)):
                    times.setdefault((name, what), []).append(_seconds(trainer, way, given))
        for name in going:
            whole, model = (statistics.median(times[name, what]) for what in ("whole", "model"))
            expected[name] = whole / size
            moved = work.row * sum(map(_count_rows, batch)) / max(whole - model, 1e-9)
            print(
                f"population {size}, {name}: {size / whole:,.1f} programs/s, {whole:.2f} s a batch"
                f" ({first[name] - whole:.1f} s more the first time); model"
                f" {100 * model / whole:.0f} % of it, {size * work.computed / model / 1e12:.3f} TFLOP/s; statements"
                f" {moved / 1e9:,.1f} GB/s, {100 * moved / copied:.0f} % of copying",
                flush=True,
            )
        if len(losses) == 2:
            print(f"population {size}: {_compare(*losses.values())}", flush=True)
    _seconds_alone(trainer, ways["plain"], encoded[0])  # compiles
    alone = [_seconds_alone(trainer, ways["plain"], each) for each in encoded[:10]]
    print(f"one at a time, not batched: {1 / statistics.median(alone):.1f} programs/s", flush=True)


def _count_rows(encoded: EncodedProgram) -> int:
    """Return how many rows a program's statements read and write in a step; a scalar is no row."""
    table = encoded.instructions[: int(encoded.length)]
    names = [MACHINE.instructions[opcode][0] for opcode in table[:, 0]]
    reads = sum(
        int(np.sum(row[1 : 1 + OPERATIONS[name].arity] < MACHINE.rows)) for name, row in zip(names, table, strict=True)
    )
    return reads + len(table)


def _compare(one: np.ndarray, other: np.ndarray) -> str:
    both = np.isfinite(one) & np.isfinite(other)
    apart = np.abs(one[both] - other[both]) / np.maximum(np.abs(one[both]), 1.0)
    differ = int(np.sum(np.isfinite(one) != np.isfinite(other)))
    return (
        f"losses differ by {np.median(apart):.1e} in the median and {np.max(apart, initial=0.0):.1e} at most;"
        f" {differ} of {len(one)} are a number by one of them alone"
    )


def _train(trainer: Trainer, way: Interpreter, batch: Sequence[EncodedProgram]) -> np.ndarray:
    course, examples = trainer.courses.of_seed(0), trainer.courses.examples("validation")
    return np.asarray(way.train_many(batch, course, examples, trainer.never).loss)[: len(batch)]


def _seconds(trainer: Trainer, way: Interpreter, batch: Sequence[EncodedProgram]) -> float:
    start = time.perf_counter()
    _train(trainer, way, batch)
    return time.perf_counter() - start


def _seconds_alone(trainer: Trainer, way: Interpreter, encoded: EncodedProgram) -> float:
    course, examples = trainer.courses.of_seed(0), trainer.courses.examples("validation")
    start = time.perf_counter()
    way.train(encoded, course, examples, trainer.never)
    return time.perf_counter() - start


def _count_work(trainer: Trainer) -> Work:
    """Return what a training comes to; the model's operations are as XLA counts them."""
    params = trainer.objective.shapes()[0]
    course = trainer.courses.of_seed(0)
    batch = jax.tree.map(lambda leaf: leaf[: trainer.spec.batch], trainer.problem.train)

    def loss(weights: object) -> jax.Array:
        return trainer.objective.trained(weights, course.model, batch, course.key)[0]

    counted = jax.jit(jax.grad(loss)).lower(params).compile().cost_analysis()
    row = 4 * sum(leaf.size for leaf in jax.tree.leaves(params))
    return Work(row * trainer.spec.steps, float((counted or {}).get("flops", 0.0)) * trainer.spec.steps)


def _measure_device() -> tuple[float, float]:
    """Return bytes a second of a copy, read and written, and operations a second of a product of matrices."""
    size = 2**28 if jax.default_backend() != "cpu" else 2**24
    row, square = jnp.ones(size), jnp.ones((2**12 if jax.default_backend() != "cpu" else 2**9,) * 2)
    add, multiply = jax.jit(lambda x: x + 1), jax.jit(lambda x: x @ x)

    def median(function: object, given: jax.Array) -> float:
        found = []
        for _ in range(6):
            start = time.perf_counter()
            jax.block_until_ready(function(given))  # type: ignore[operator]
            found.append(time.perf_counter() - start)
        return statistics.median(found[1:])

    return 8 * size / median(add, row), 2 * len(square) ** 3 / median(multiply, square)
