"""Trains with a rival: in the loop, on the batches and with the measurements that programs have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.errors import LionSearchError, SettingError, one_line
from lionsearch.evaluation.training import Course, Outcome, build_trainer
from lionsearch.evaluation.training_inputs import Carried, noise_key
from lionsearch.rivals.making import make_rival
from lionsearch.rivals.rival import Costs, Oracle, uses_gradient
from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.tasks.calling import describe_fault
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem
from lionsearch.tasks.spec import TUNED_RATE, TaskSpec
from lionsearch.tasks.validation import count_examples


class RivalState(NamedTuple):
    """Parameters, the rival's state, and what it has asked for so far."""

    params: Any
    inner: Any
    costs: Costs


class RivalRule:
    """A rival as the training loop sees it.

    The program is the weight decay, `inputs` are the learning rate and the batch's examples.

    Args:
        rival: as `make_rival` gives it.
        count: training examples of the task.
    """

    def __init__(self, rival: Any, count: int):
        self._rival, self._count = rival, count

    def start(self, params: Any) -> RivalState:
        """Return the parameters and the rival's state before the first step."""
        return RivalState(params, self._rival.init(params, self._count), Costs(*(jnp.float32(0) for _ in range(3))))

    def weights(self, state: RivalState) -> Any:
        """Return the parameters that the gradient is of."""
        return state.params

    def measured(self, state: RivalState) -> Any:
        """Return the parameters that are measured: the same, unless the rival says otherwise."""
        measured = getattr(self._rival, "measured", None)
        return state.params if measured is None else measured(state.params, state.inner)

    def costs(self, state: RivalState) -> Costs:
        """Return what all steps have asked for."""
        return state.costs

    def step(
        self, program: Any, state: RivalState, gradients: Any, inputs: Any, extra: Mapping[str, Any]
    ) -> RivalState:
        """Return parameters, the rival's state and costs after one step."""
        rate, examples = inputs
        oracle = replace(extra["oracle"], lr=rate, weight_decay=program, examples=examples)
        params, inner, asked = self._rival.step(oracle, state.inner)
        params = jax.tree.map(lambda new, old: jnp.asarray(new, old.dtype), params, state.params)
        inner = jax.tree.map(lambda new, old: jnp.asarray(new, jnp.asarray(old).dtype), inner, state.inner)
        costs = state.costs.plus(asked).plus(Costs(gradients=float(uses_gradient(self._rival))))
        return RivalState(params, inner, jax.tree.map(jnp.float32, costs))


class OracleInputs:
    """Gives a rival the oracle of each step.

    Args:
        problem: the task's model and loss.
    """

    def __init__(self, problem: Problem):
        self._objective = Objective(problem)

    def start(self, params: Any, model: Any = ()) -> Carried:
        """Return what is carried from step to step: the model's state."""
        del params
        return Carried(model, {})

    def compute(
        self,
        carried: Carried,
        params: Any,
        batch: Any,
        data: Any,
        key: jax.Array,
        step: jax.Array,
        settings: Any,
    ) -> tuple[Any, dict[str, Any], Carried]:
        """Return the gradients, the oracle without what the rule knows, and what is carried on."""
        del settings
        objective, noise = self._objective, noise_key(self._objective, key, step)
        slope = jax.value_and_grad(objective.trained, has_aux=True)
        (loss, model), gradients = slope(params, carried.model, batch, noise)

        def measure(weights: Any, some: Any) -> jax.Array:
            return objective.trained(weights, carried.model, some, noise)[0]

        def judge(weights: Any, some: Any) -> jax.Array:
            return objective.measured(weights, carried.model, some)

        of_step, missing = jax.random.fold_in(key, step), jnp.float32(0)
        seen = params, loss, gradients, batch, missing, data, step, missing, missing, of_step
        oracle = Oracle(*seen, measure, judge=judge)
        return gradients, {"oracle": oracle}, carried._replace(model=model)


class RivalTrainer:
    """One rival on one task; compiled at the first training.

    Args:
        problem: the task's model and loss.
        spec: a resolved name; all that differ from it in learning rate and weight decay can be trained with.

    Raises:
        SettingError: if the rival cannot be used on the task, by its `check(problem)`.
    """

    def __init__(self, problem: Problem, spec: RivalSpec):
        rival = make_rival(spec)
        with _calling(spec, "it refuses the task"):
            if check := getattr(rival, "check", None):
                check(problem)
        rule = RivalRule(rival, count_examples(problem.train))
        self._rule = rule
        self._train = jax.jit(build_trainer(problem, rule, given=OracleInputs(problem)))

    def train(
        self, spec: RivalSpec, course: Course, rates: np.ndarray, data: tuple[Any, Any, Any], limits: np.ndarray
    ) -> Outcome:
        """Train once.

        Args:
            spec: whose weight decay it is.
            course: the seed's weights and batches.
            rates: float32 (steps,), the learning rate of each step.
            data: training examples, probe, and the examples that the final loss is measured on.
            limits: (chunks,), the loss on the probe above which training ends.

        Raises:
            SettingError: if the rival fails where it is compiled, as one with a wrong step does.
        """
        decay = np.float32(spec.weight_decay or 0.0)
        inputs = rates.reshape(course.batches.shape[:2]), course.batches
        with _calling(spec, "its step failed"):
            return jax.device_get(self._train(decay, {}, course, inputs, *data, limits))

    def state(self, params: Any) -> float:
        """Return numbers of state for each parameter."""
        inner = jax.eval_shape(self._rule.start, params).inner
        return _numbers(inner) / _numbers(params)


class RivalTrainers:
    """All rivals on one task; those that differ in learning rate and weight decay share what is compiled.

    Args:
        problem: the task's model and loss.
        task: what its learning rate is.
    """

    def __init__(self, problem: Problem, task: TaskSpec):
        self._problem, self._task = problem, task
        self._trainers: dict[object, RivalTrainer] = {}

    def train(
        self, spec: RivalSpec, course: Course, schedule: np.ndarray, data: tuple[Any, Any, Any], limits: np.ndarray
    ) -> Outcome:
        """Train once.

        Args:
            spec: a resolved name.
            course: the seed's weights and batches.
            schedule: float32 (steps,), the task's at a factor: its peak is AdamW's rate over 0.001.
            data: training examples, probe, and the examples that the final loss is measured on.
            limits: (chunks,), the loss on the probe above which training ends.

        Raises:
            SettingError: if the rival cannot be used on the task.
        """
        assert spec.lr_scale is not None, "its name was resolved"
        unit = spec.lr_scale * (TUNED_RATE / self._task.learning_rate if spec.is_absolute else 1.0)
        return self._trainer(spec).train(spec, course, schedule * np.float32(unit), data, limits)

    def state(self, spec: RivalSpec, params: Any) -> float:
        """Return how many numbers of state a rival keeps for each parameter."""
        return self._trainer(spec).state(params)

    def _trainer(self, spec: RivalSpec) -> RivalTrainer:
        key = spec.maker, spec.code
        if key not in self._trainers:
            self._trainers[key] = RivalTrainer(self._problem, spec)
        return self._trainers[key]


_TRACED = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)
"""What JAX raises where Python or NumPy would have the number of what is traced."""

_HINT = "; rates, decay and weights are JAX's there: `jnp.where` chooses by them, `if`, `float` and NumPy cannot"


@contextmanager
def _calling(spec: RivalSpec, what: str) -> Iterator[None]:
    """Have what a rival raises say which one it was, what was done, and where."""
    try:
        yield
    except LionSearchError:
        raise
    except Exception as error:
        hint = _HINT if isinstance(error, _TRACED) else ""
        raise SettingError(f"{one_line(spec.text)}: {what}: {describe_fault(error)}{hint}") from None


def _numbers(tree: Any) -> int:
    return sum(int(np.prod(leaf.shape, dtype=int)) for leaf in jax.tree.leaves(tree))
