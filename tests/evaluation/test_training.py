from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.errors import TaskError
from lionsearch.evaluation.training import Course, Outcome, build_trainer
from lionsearch.tasks import Problem

CHUNKS, STEPS = 5, 4
KEY = jax.random.key(0)


class Descent:
    """Gradient descent; its inputs are the learning rates, and what else there is counts as a gradient."""

    def start(self, params: Any) -> Any:
        return params

    def weights(self, state: Any) -> Any:
        return state

    def measured(self, state: Any) -> Any:
        return state

    def costs(self, state: Any) -> Any:
        return ()

    def step(self, program: Any, state: Any, gradients: Any, inputs: Any, extra: Mapping[str, Any]) -> Any:
        for more in extra.values():
            gradients = jax.tree.map(jnp.add, gradients, more)
        return jax.tree.map(lambda w, g: w - inputs * g, state, gradients)


def loss(params: Any, batch: Any) -> jax.Array:
    return jnp.mean((params["x"] - batch) ** 2)


PROBLEM = Problem(
    init=lambda key: {"x": jnp.float32(3.0)},
    loss=loss,
    train=jnp.ones(4),
    validation=jnp.ones(4),
    test=jnp.full(3, 2.0),
    metrics=lambda params, batch: {"x": params["x"]},
)


def train(lr: float, limits: Any = np.inf, names: tuple[str, ...] = (), **settings: float) -> Outcome:
    trainer = jax.jit(build_trainer(PROBLEM, Descent(), names))
    course = Course(PROBLEM.init(KEY), jnp.zeros((CHUNKS, STEPS, 2), jnp.int32), KEY)
    rates = jnp.full((CHUNKS, STEPS), lr, jnp.float32)
    limits = jnp.broadcast_to(jnp.asarray(limits), (CHUNKS,))
    return trainer(None, settings, course, rates, PROBLEM.train, PROBLEM.validation, PROBLEM.test, limits)


def test_training_follows_the_batches_and_reports_on_the_other_batches():
    outcome = train(0.05)
    x = 1 + 2 * 0.9 ** (STEPS * np.arange(1, CHUNKS + 1))
    np.testing.assert_allclose(outcome.curve, (x - 1) ** 2, rtol=1e-4)
    assert float(outcome.loss) == pytest.approx((x[-1] - 2) ** 2, rel=1e-4)
    assert float(outcome.metrics["x"]) == pytest.approx(x[-1], rel=1e-5)
    assert int(outcome.chunks) == CHUNKS


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_training_ends_after_the_first_chunk_above_its_limit(chunk):
    limits = np.where(np.arange(CHUNKS) == chunk, 0.0, np.inf)
    outcome, whole = train(0.05, limits), train(0.05)
    assert int(outcome.chunks) == chunk + 1
    np.testing.assert_array_equal(outcome.curve[: chunk + 1], whole.curve[: chunk + 1])
    assert np.isinf(outcome.curve[chunk + 1 :]).all()
    assert (float(outcome.loss), float(outcome.metrics["x"])) == (np.inf, np.inf)


def test_a_loss_at_its_limit_goes_on():
    whole = train(0.05)
    assert int(train(0.05, whole.curve).chunks) == CHUNKS


def test_training_ends_when_the_loss_is_not_finite():
    outcome = train(1e12)
    assert int(outcome.chunks) == 1
    assert not np.isfinite(outcome.curve[0])
    assert not np.isfinite(outcome.loss)


@pytest.mark.parametrize(("every", "anchor"), [(1, 1), (STEPS, STEPS), (3, 3), (1000, CHUNKS * STEPS)])
def test_the_rule_gets_the_inputs_it_names_in_each_step(every, anchor):
    """The loss is (x - 1)^2: descent along its slope here, and at the anchor on all examples."""
    outcome = train(0.05, names=("g_full",), anchor_every=every)
    x, y, curve = 3.0, 3.0, []
    for step in range(CHUNKS * STEPS):
        y = x if step % anchor == 0 else y
        x = x - 0.05 * (2 * (x - 1) + 2 * (y - 1))
        curve.append((x - 1) ** 2)
    np.testing.assert_allclose(outcome.curve, curve[STEPS - 1 :: STEPS], rtol=1e-4, atol=1e-7)


def test_an_input_that_the_problem_cannot_give_is_an_error_before_training():
    with pytest.raises(TaskError, match="asks for 'h_gnb'"):
        build_trainer(PROBLEM, Descent(), ("h_gnb",))
