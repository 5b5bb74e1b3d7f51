"""One task on this machine: an optimizer, a seed and limits to the loss -> `Outcome`, interpreted or compiled.

The interpreter is compiled once; see `training.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

from lionsearch.errors import TaskError
from lionsearch.evaluation.costs import program_costs, program_state
from lionsearch.evaluation.courses import Courses
from lionsearch.evaluation.encoding import EncodedProgram, TooLongError, encode_program
from lionsearch.evaluation.interpreter import Interpreter
from lionsearch.evaluation.judge import non_finite
from lionsearch.evaluation.machine import Machine, machine_for
from lionsearch.evaluation.native import compile_training, measure_samples
from lionsearch.evaluation.optimizer import Optimizer
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.rival_training import RivalTrainers
from lionsearch.evaluation.room import load_trainable
from lionsearch.evaluation.training import Outcome
from lionsearch.graph import find_live, remove_dead_code
from lionsearch.lang import GRADIENTS, Program
from lionsearch.records import Failure, FailureKind
from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.tasks.calling import calls_task
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.spec import TaskSpec
from lionsearch.tasks.validation import count_examples

BREAK_EVEN_STEPS = 50_000
"""Training steps from which compiling a program costs less than interpreting it (`benchmarks/throughput.py`)."""

Run = Callable[[int, str, np.ndarray], Outcome]
"""Trains once, `run(seed, split, limits)`: limits are float32 (chunks,), the loss on the probe above which it ends."""

Prepared = tuple[Machine, EncodedProgram]
"""A program as the interpreter of its machine wants it."""


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


class Trainer:
    """Trains with optimizers on one task.

    Args:
        spec: the task.
        limits: the longest program.

    Attributes:
        problem: what the task's factory made.
        objective: the same as training sees it.
        courses: the examples, and what each seed starts from.
        schedule: float32 (steps,), what `lr` is at each step.
        never: float32 (chunks,), limits at which no training ends early.

    Raises:
        TaskError: if the task's factory breaks the interface.
    """

    def __init__(self, spec: TaskSpec, limits: Limits):
        self.spec = spec
        self.problem: Problem = load_trainable(spec)
        self.objective = Objective(self.problem)
        self.courses = Courses(self.problem, spec)
        self.schedule = spec.schedule()
        self.never = np.full(spec.chunks, np.inf, np.float32)
        self._limits = limits
        self._measure = jax.jit(self.objective.measured)
        self._interpreters: dict[Machine, Interpreter] = {}
        self._rivals = RivalTrainers(self.problem, spec)

    @calls_task
    def train(self, optimizer: Optimizer, seed: int, split: str, lr_factor: float = 1.0) -> Trained:
        """Train once, to the end.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        run = self.ready(optimizer, lr_factor)
        if isinstance(run, Failure):
            return Trained(None, failure=run)
        outcome = run(seed, split, self.never)
        costs = self.costs_of(optimizer, outcome)
        if not np.isfinite(outcome.loss):
            return Trained(None, costs=costs, failure=non_finite(outcome, self.spec))
        metrics = tuple((name, float(outcome.metrics[name])) for name in sorted(outcome.metrics))
        return Trained(float(outcome.loss), metrics, costs)

    def ready(self, optimizer: Optimizer, lr_factor: float = 1.0) -> Run | Failure:
        """Return what trains once with a program or a rival, or why that need not be tried.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        if isinstance(optimizer, RivalSpec):
            schedule = self.schedule * np.float32(lr_factor)

            def run_rival(seed: int, split: str, limits: np.ndarray) -> Outcome:
                course, examples = self.courses.of_seed(seed), self.courses.examples(split)
                return self._rivals.train(optimizer, course, schedule, examples, limits)

            return run_rival
        prepared = self.prepare(optimizer, lr_factor)
        if isinstance(prepared, Failure):
            return prepared
        machine, encoded = prepared

        def run(seed: int, split: str, limits: np.ndarray) -> Outcome:
            if self.spec.steps >= BREAK_EVEN_STEPS:
                return self.compile(optimizer, seed, split, limits, lr_factor)()
            course, examples = self.courses.of_seed(seed), self.courses.examples(split)
            return self.interpreter(machine).train(encoded, course, examples, limits)

        return run

    def prepare(self, program: Program, lr_factor: float = 1.0) -> Prepared | Failure:
        """Return the program as its interpreter wants it, or why it need not be trained with.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        live = remove_dead_code(program)
        if "h_gnb" in live.optional_inputs and not self.gives_samples:
            raise TaskError(
                "the program asks for 'h_gnb', which a task gives only if its Problem has a `sampled_loss`; "
                f"task {self.spec.name!r} has none"
            )
        if not GRADIENTS & find_live(live).reads:
            return Failure(FailureKind.NO_PROGRESS, "the update does not depend on the gradient")
        machine = machine_for(live, self._limits)
        try:
            return machine, encode_program(live, self.schedule * np.float32(lr_factor), machine)
        except TooLongError as error:
            return Failure(FailureKind.TOO_LONG, str(error))

    def interpreter(self, machine: Machine) -> Interpreter:
        """Return the interpreter of a machine, compiled at its first use."""
        if machine not in self._interpreters:
            self._interpreters[machine] = Interpreter(self.problem, self.objective.shapes()[0], machine)
        return self._interpreters[machine]

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

    @calls_task
    def draw(self, program: Program, seed: int) -> np.ndarray | None:
        """Return the images that the network draws after one training, (count, height, width); None if that fails.

        The training is compiled. The problem has `samples`.

        Raises:
            TaskError: if the program asks for an input that training cannot give.
        """
        drawing = measure_samples(self.problem, jax.random.key(seed))
        images = self.compile(program, seed, "validation", self.never, problem=drawing)().metrics["images"]
        return np.asarray(images) if np.isfinite(images).all() else None

    @calls_task
    def chance(self, seed: int, split: str) -> float:
        """Return the loss of a seed's untrained network on "validation", "test" or "probe"."""
        course = self.courses.of_seed(seed)
        return float(self._measure(course.params, course.model, self.courses.split(split)))

    @calls_task
    def state(self, optimizer: Optimizer) -> float:
        """Return how many numbers of state an optimizer keeps for each parameter."""
        params = self.objective.shapes()[0]
        if isinstance(optimizer, RivalSpec):
            return self._rivals.state(optimizer, params)
        return program_state(optimizer, [leaf.shape for leaf in jax.tree.leaves(params)])

    def costs(self, program: Program) -> tuple[float, float, float]:
        """Return the gradients, losses and Hessian-vector products that a step of a program asks for on a batch."""
        found = program_costs(program, self.spec.batch, count_examples(self.problem.train))
        return found.gradients, found.losses, found.products

    def costs_of(self, optimizer: Optimizer, outcome: Outcome) -> tuple[float, float, float]:
        """Return what a step of a training cost, in the mean: of a rival as it was counted."""
        if isinstance(optimizer, Program):
            return self.costs(optimizer)
        done = max(1, int(outcome.chunks) * self.spec.steps // self.spec.chunks)
        gradients, losses, products = (float(each) / done for each in outcome.costs)
        return gradients, losses, products

    @property
    def gives_samples(self) -> bool:
        """Whether the task can give `h_gnb`."""
        return self.objective.gives_samples
