from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.evaluate.training import Course, Outcome, build_trainer

CHUNKS, STEPS = 5, 4


class Descent:
    """Gradient descent; its inputs are the learning rates."""

    def start(self, params: Any) -> Any:
        return params

    def weights(self, state: Any) -> Any:
        return state

    def step(self, program: Any, state: Any, gradients: Any, inputs: Any) -> Any:
        return jax.tree.map(lambda w, g: w - inputs * g, state, gradients)


def loss(params: Any, batch: Any) -> jax.Array:
    return jnp.mean((params["x"] - batch) ** 2)


def train(lr: float, limits: Any = np.inf) -> Outcome:
    trainer = jax.jit(build_trainer(loss, Descent(), lambda params, batch: {"x": params["x"]}))
    course = Course({"x": jnp.float32(3.0)}, jnp.zeros((CHUNKS, STEPS, 2), jnp.int32))
    rates = jnp.full((CHUNKS, STEPS), lr, jnp.float32)
    data, other = jnp.ones(4), jnp.full(3, 2.0)
    return trainer(None, course, rates, data, data, other, jnp.broadcast_to(jnp.asarray(limits), (CHUNKS,)))


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
