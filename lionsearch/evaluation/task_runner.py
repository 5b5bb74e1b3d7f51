"""One task on this machine: programs -> `TaskResult`, against tuned AdamW on the same seeds.

The trainer is compiled once; see `training.py`. What a training is worth, `judge.py` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import jax
import numpy as np

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.errors import TaskError
from lionsearch.evaluation.costs import program_costs, program_state
from lionsearch.evaluation.courses import Courses
from lionsearch.evaluation.device import describe_device
from lionsearch.evaluation.encoding import EncodedProgram, TooLongError, encode_program
from lionsearch.evaluation.interpreter import Interpreter
from lionsearch.evaluation.judge import Judge
from lionsearch.evaluation.machine import Machine, machine_for
from lionsearch.evaluation.native import compile_training, measure_samples
from lionsearch.evaluation.optimizer import Optimizer
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.references import Reference, ReferenceCache
from lionsearch.evaluation.rival_training import RivalTrainers
from lionsearch.evaluation.room import load_trainable
from lionsearch.evaluation.training import Outcome
from lionsearch.graph import find_live, remove_dead_code
from lionsearch.lang import GRADIENTS, Program, format_program
from lionsearch.records import Failure, FailureKind, TaskResult
from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.tasks.calling import calling_task
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.spec import TaskSpec, fingerprint_task
from lionsearch.tasks.validation import count_examples

BREAK_EVEN_STEPS = 50_000
"""Training steps from which compiling a program costs less than interpreting it (`benchmarks/throughput.py`)."""

_Prepared = tuple[Machine, EncodedProgram]
_Run = Callable[[int, str, np.ndarray], Outcome]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of one training.

    Attributes:
        loss: the final one; None after a failure.
        metrics: the task's own measures, by name.
        costs: gradients, losses and Hessian-vector products of a step, in the mean; None if none was made.
        failure: why there is no loss.
    """

    loss: float | None
    metrics: tuple[tuple[str, float], ...] = ()
    costs: tuple[float, float, float] | None = None
    failure: Failure | None = None


P = ParamSpec("P")
R = TypeVar("R")


def _calling(method: Callable[Concatenate[TaskRunner, P], R]) -> Callable[Concatenate[TaskRunner, P], R]:
    """Have what the task's own code raises in a method be a `TaskError`."""

    @wraps(method)
    def call(self: TaskRunner, *arguments: P.args, **options: P.kwargs) -> R:
        with calling_task(self.spec.name):
            return method(self, *arguments, **options)

    return call


class TaskRunner:
    """Trains with programs on one task.

    Args:
        spec: the task.
        limits: the longest program.

    Attributes:
        problem: what the task's factory made.
        objective: the same as training sees it.
        courses: the examples, and what each seed starts from.
        schedule: float32 (steps,), what `lr` is at each step.
        rivals: what trains with rivals.
        judge: what trainings are worth.

    Raises:
        TaskError: if the task's factory breaks the interface.
    """

    def __init__(self, spec: TaskSpec, limits: Limits):
        self.spec, self.limits = spec, limits
        self.problem: Problem = load_trainable(spec)
        self.objective = Objective(self.problem)
        self.courses = Courses(self.problem, spec)
        self.schedule = spec.schedule()
        self.judge = Judge(spec, self.reference)
        self._references: dict[tuple[int, str], Reference] = {}
        self._measure = jax.jit(self.objective.measured)
        self._interpreters: dict[Machine, Interpreter] = {}
        self.rivals = RivalTrainers(self.problem, spec)

    @_calling
    def evaluate(self, program: Optimizer, seeds: Seeds) -> TaskResult:
        """Train with a program, or a rival, once per seed, until it fails.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        run = self._ready(program)
        if isinstance(run, TaskResult):
            return run
        outcomes: list[Outcome] = []
        for seed in seeds.seeds:
            outcome = run(seed, seeds.split, self.judge.limits(seed, seeds))
            failure = self.judge.failure(outcome, seed, seeds)
            if failure is not None:
                return TaskResult(self.spec.name, failure=failure)
            outcomes.append(outcome)
        result = self.judge.summarize(outcomes, seeds)
        return result if isinstance(program, Program) else replace(result, costs=self._costs(program, outcomes[-1]))

    @_calling
    def losses(self, program: Optimizer, seeds: Seeds, lr_factor: float = 1.0) -> list[float]:
        """Return the final loss of each seed, at a multiple of the task's schedule; inf if the program cannot run.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        run = self._ready(program, lr_factor)
        if isinstance(run, TaskResult):
            return [float("inf")] * len(seeds.seeds)
        return [float(run(seed, seeds.split, self.judge.limits(seed, seeds)).loss) for seed in seeds.seeds]

    @_calling
    def train(self, program: Optimizer, seed: int, split: str, lr_factor: float = 1.0) -> Trained:
        """Train once, to the end.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        run = self._ready(program, lr_factor)
        if isinstance(run, TaskResult):
            return Trained(None, failure=run.failure)
        outcome = run(seed, split, self.never)
        costs = self._costs(program, outcome)
        if not np.isfinite(outcome.loss):
            return Trained(None, costs=costs, failure=self.judge.non_finite(outcome))
        metrics = tuple((name, float(outcome.metrics[name])) for name in sorted(outcome.metrics))
        return Trained(float(outcome.loss), metrics, costs)

    @_calling
    def state(self, program: Optimizer) -> float:
        """Return how many numbers of state an optimizer keeps for each parameter."""
        params = self.objective.shapes()[0]
        if isinstance(program, RivalSpec):
            return self.rivals.state(program, params)
        return program_state(program, [leaf.shape for leaf in jax.tree.leaves(params)])

    @_calling
    def chance(self, seed: int, split: str) -> float:
        """Return the loss of a seed's untrained network on "validation", "test" or "probe"."""
        course = self.courses.of_seed(seed)
        return float(self._measure(course.params, course.model, self.courses.split(split)))

    @_calling
    def curve(self, program: Optimizer, seeds: Seeds) -> list[float]:
        """Return the mean loss on the probe after each chunk, up to where it is no number on some seed.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        run = self._ready(program)
        if isinstance(run, TaskResult):
            return []
        limits = [self.judge.limits(seed, seeds) for seed in seeds.seeds]
        curves = [
            np.asarray(run(seed, seeds.split, limit).curve, np.float64)
            for seed, limit in zip(seeds.seeds, limits, strict=True)
        ]
        mean = np.mean(curves, axis=0)
        finite = np.isfinite(mean)
        return mean[: len(mean) if finite.all() else int(np.argmin(finite))].tolist()

    @_calling
    def draw(self, program: Program, seed: int) -> np.ndarray | None:
        """Return the images that the network draws after one training, (count, height, width); None if that fails.

        The training is compiled. The problem has `samples`.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        drawing = measure_samples(self.problem, jax.random.key(seed))
        images = self.compile(program, seed, "validation", self.never, problem=drawing)().metrics["images"]
        return np.asarray(images) if np.isfinite(images).all() else None

    @_calling
    def evaluate_population(self, programs: Sequence[Program], seeds: Seeds) -> list[TaskResult]:
        """Train with many programs at once, as one batch: the way to use an accelerator.

        On a CPU this is slower than one program at a time, since every operation runs for every statement.
        """
        results: list[TaskResult | None] = [None] * len(programs)
        groups: dict[tuple[Machine, tuple[Any, ...]], dict[int, EncodedProgram]] = {}
        for index, program in enumerate(programs):
            prepared = self._prepare(program)
            if isinstance(prepared, TaskResult):
                results[index] = prepared
            else:
                machine, encoded_program = prepared
                key = (machine, tuple(encoded_program.settings.items()))
                groups.setdefault(key, {})[index] = encoded_program
        for (machine, _), encoded in groups.items():
            for index, result in zip(encoded, self._evaluate_group(machine, [*encoded.values()], seeds), strict=True):
                results[index] = result
        return [result for result in results if result is not None]

    def _evaluate_group(self, machine: Machine, encoded: list[EncodedProgram], seeds: Seeds) -> list[TaskResult]:
        """Evaluate programs of one machine as one batch."""
        outcomes: list[list[Outcome]] = [[] for _ in encoded]
        failures: list[Failure | None] = [None] * len(encoded)
        for seed in seeds.seeds:
            limits, examples = self.judge.limits(seed, seeds), self.courses.examples(seeds.split)
            batch = self.interpreter(machine).train_many(encoded, self.courses.of_seed(seed), examples, limits)
            for index in range(len(encoded)):
                outcome = jax.tree.map(lambda leaf, at=index: leaf[at], batch)
                outcomes[index].append(outcome)
                failures[index] = failures[index] or self.judge.failure(outcome, seed, seeds)
        return [
            self.judge.summarize(found, seeds) if failure is None else TaskResult(self.spec.name, failure=failure)
            for found, failure in zip(outcomes, failures, strict=True)
        ]

    @_calling
    def reference(self, seed: int, split: str) -> Reference:
        """Return tuned AdamW's result on a seed, from memory, disk, or by measuring it.

        Raises:
            TaskError: if tuned AdamW is no better than an untrained network: the task can rank nothing.
        """
        key = (seed, split)
        if key not in self._references:
            stored = self._cache.load(self.fingerprint, seed, split, self.spec.chunks)
            if stored is None:
                stored = self._measure_reference(seed, split)
                self._cache.store(self.fingerprint, seed, split, stored)
            self._references[key] = stored
        return self._references[key]

    @cached_property
    @_calling
    def fingerprint(self) -> str:
        """The task's fingerprint: its settings and data, the program that is its reference, and what XLA runs of it."""
        problem, courses = self.problem, self.courses
        prepared = self._prepare(self._adamw)
        assert not isinstance(prepared, TaskResult), "AdamW can be trained with"
        machine, encoded = prepared
        examples = courses.examples("validation")
        training = self.interpreter(machine).describe(encoded, courses.of_seed(0), examples, self.never)
        code = [*self.objective.describe(), format_program(self._adamw), training]
        splits = (problem.train, problem.validation, problem.test)
        return fingerprint_task(self.spec, [np.asarray(leaf) for leaf in jax.tree.leaves(splits)], code)

    @property
    def gives_samples(self) -> bool:
        """Whether the task can give `h_gnb`."""
        return self.objective.gives_samples

    @property
    def never(self) -> np.ndarray:
        """Limits at which no training ends early."""
        return np.full(self.spec.chunks, np.inf, np.float32)

    def interpreter(self, machine: Machine) -> Interpreter:
        """Return the interpreter of a machine, compiled at its first use."""
        if machine not in self._interpreters:
            self._interpreters[machine] = Interpreter(self.problem, self.objective.shapes()[0], machine)
        return self._interpreters[machine]

    @cached_property
    def _adamw(self) -> Program:
        """The task's tuned AdamW; always the shipped program, whatever the working folder holds."""
        adamw = load_program(str(PROGRAMS.shipped / "adamw.py"))
        return adamw.with_hyperparameters({"weight_decay": self.spec.weight_decay})

    @cached_property
    def _cache(self) -> ReferenceCache:
        return ReferenceCache(describe_device())

    def _costs(self, program: Optimizer, outcome: Outcome) -> tuple[float, float, float]:
        """Return what a step of a training cost, in the mean."""
        if isinstance(program, Program):
            return self.costs(program)
        done = max(1, int(outcome.chunks) * self.spec.steps // self.spec.chunks)
        gradients, losses, products = (float(each) / done for each in outcome.costs)
        return gradients, losses, products

    def costs(self, program: Program) -> tuple[float, float, float]:
        """Return the gradients, losses and Hessian-vector products that a step of a program asks for on a batch."""
        found = program_costs(program, self.spec.batch, count_examples(self.problem.train))
        return found.gradients, found.losses, found.products

    def _ready(self, program: Optimizer, lr_factor: float = 1.0) -> _Run | TaskResult:
        """Return what trains once with a program or a rival, or the result of one that need not be trained with."""
        if isinstance(program, RivalSpec):
            schedule = self.schedule * np.float32(lr_factor)

            def run_rival(seed: int, split: str, limits: np.ndarray) -> Outcome:
                course, examples = self.courses.of_seed(seed), self.courses.examples(split)
                return self.rivals.train(program, course, schedule, examples, limits)

            return run_rival
        prepared = self._prepare(program, lr_factor)
        if isinstance(prepared, TaskResult):
            return prepared

        def run(seed: int, split: str, limits: np.ndarray) -> Outcome:
            return self._run(program, prepared, seed, split, limits, lr_factor)

        return run

    def _prepare(self, program: Program, lr_factor: float = 1.0) -> _Prepared | TaskResult:
        """Return the program as its interpreter wants it, or the result of a program that need not be trained with."""
        live = remove_dead_code(program)
        if "h_gnb" in live.optional_inputs and not self.gives_samples:
            raise TaskError(
                "the program asks for 'h_gnb', which a task gives only if its Problem has a `sampled_loss`; "
                f"task {self.spec.name!r} has none"
            )
        if not GRADIENTS & find_live(live).reads:
            failure = Failure(FailureKind.NO_PROGRESS, "the update does not depend on the gradient")
            return TaskResult(self.spec.name, failure=failure)
        machine = machine_for(live, self.limits)
        try:
            return machine, encode_program(live, self.schedule * np.float32(lr_factor), machine)
        except TooLongError as error:
            return TaskResult(self.spec.name, failure=Failure(FailureKind.TOO_LONG, str(error)))

    def _run(
        self,
        program: Program,
        prepared: _Prepared,
        seed: int,
        split: str,
        limits: np.ndarray,
        lr_factor: float = 1.0,
    ) -> Outcome:
        """Train once; long training is compiled, the rest interpreted."""
        if self.spec.steps >= BREAK_EVEN_STEPS:
            return self.compile(program, seed, split, limits, lr_factor)()
        machine, encoded = prepared
        return self.interpreter(machine).train(
            encoded, self.courses.of_seed(seed), self.courses.examples(split), limits
        )

    def compile(
        self,
        program: Program,
        seed: int,
        split: str,
        limits: np.ndarray,
        lr_factor: float = 1.0,
        problem: Problem | None = None,
    ) -> Callable[[], Outcome]:
        """Return one training as native JAX, a function without arguments; its first call compiles.

        A `problem` that is given differs from the task's in what it measures.
        """
        course, examples = self.courses.of_seed(seed), self.courses.examples(split)
        schedule = self.schedule * np.float32(lr_factor)
        return compile_training(problem or self.problem, program, course, schedule, examples, limits)

    def _measure_reference(self, seed: int, split: str) -> Reference:
        prepared = self._prepare(self._adamw)
        assert not isinstance(prepared, TaskResult), "AdamW can be trained with"
        outcome = self._run(self._adamw, prepared, seed, split, self.never)
        chance, probe_chance = self.chance(seed, split), self.chance(seed, "probe")
        loss = float(outcome.loss)
        if not np.isfinite([chance, probe_chance]).all():
            raise TaskError(
                f"task {self.spec.name!r}: the loss of an untrained network is {chance:.4g}, which is no number to"
                " start from: look at the task's loss function and data"
            )
        if not loss < chance:
            raise TaskError(
                f"task {self.spec.name!r}: tuned AdamW ends at a loss of {loss:.4g}, no better than the untrained "
                f"network's {chance:.4g}; {self.spec.tuning}"
            )
        return Reference(chance, loss, probe_chance, tuple(float(value) for value in outcome.curve))
