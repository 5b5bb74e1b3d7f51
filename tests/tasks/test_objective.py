from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.tasks import Problem
from lionsearch.tasks.objective import Objective

DATA = np.arange(6, dtype=np.float32)
KEY = jax.random.key(3)
PLAIN = Problem(
    init=lambda key: {"w": jax.random.normal(key, (2,))},
    loss=lambda params, batch: jnp.sum(params["w"]) * jnp.mean(batch),
    train=DATA,
    validation=DATA,
    test=DATA,
    metrics=lambda params, batch: {"examples": jnp.int32(len(batch))},
    sampled_loss=lambda params, batch, key: (jnp.sum(params["w"]) * jax.random.normal(key), len(batch)),
)
NOISY = replace(PLAIN, train_loss=lambda params, batch, key: PLAIN.loss(params, batch) + jax.random.normal(key))
STATEFUL = Problem(
    init=lambda key: (PLAIN.init(key), {"seen": jnp.int32(7)}),
    loss=lambda params, state, batch: state["seen"] * PLAIN.loss(params, batch),
    train=DATA,
    validation=DATA,
    test=DATA,
    metrics=lambda params, state, batch: {"seen": state["seen"]},
    sampled_loss=lambda params, state, batch, key: (state["seen"] * jax.random.normal(key), len(batch)),
    train_loss=lambda params, state, batch, key: (
        state["seen"] * PLAIN.loss(params, batch) + jax.random.normal(key),
        {"seen": state["seen"] + len(batch)},
    ),
    stateful=True,
)


def test_a_problem_without_anything_is_trained_on_its_loss_without_a_state():
    objective = Objective(PLAIN)
    params, state = objective.init(KEY)
    np.testing.assert_array_equal(params["w"], PLAIN.init(KEY)["w"])
    assert state == ()
    for key in (KEY, jax.random.key(4)):
        loss, after = objective.trained(params, state, DATA, key)
        assert float(loss) == float(objective.measured(params, state, DATA)) == float(PLAIN.loss(params, DATA))
        assert after == ()
    assert not objective.is_random


@pytest.mark.parametrize(("problem", "times", "after"), [(NOISY, 1, ()), (STATEFUL, 7, {"seen": 13})])
def test_a_trained_loss_gets_the_key_and_is_not_what_is_measured(problem, times, after):
    objective = Objective(problem)
    params, state = objective.init(KEY)
    measured = times * float(PLAIN.loss(params, DATA))
    loss, new = objective.trained(params, state, DATA, KEY)
    assert float(loss) == pytest.approx(measured + float(jax.random.normal(KEY)), rel=1e-6)
    assert new == after
    assert float(objective.measured(params, state, DATA)) == pytest.approx(measured, rel=1e-6)
    assert objective.is_random


@pytest.mark.parametrize(("problem", "times"), [(PLAIN, 0.0), (NOISY, 0.0), (STATEFUL, 7.0)])
def test_metrics_and_sampled_losses_get_the_state(problem, times):
    objective = Objective(problem)
    params, state = objective.init(KEY)
    assert objective.metrics(params, state, DATA) == ({"seen": 7} if times else {"examples": 6})
    assert all(value.dtype == jnp.float32 for value in objective.metrics(params, state, DATA).values())
    loss, predictions = objective.sampled(params, state, DATA, KEY)
    factor = times or float(jnp.sum(params["w"]))
    assert float(loss) == pytest.approx(factor * float(jax.random.normal(KEY)), rel=1e-6)
    assert predictions == 6


def test_a_problem_may_have_no_metrics_and_no_samples():
    bare = Objective(replace(PLAIN, metrics=None, sampled_loss=None))
    assert bare.metrics(*bare.init(KEY), DATA) == {}
    assert not bare.gives_samples
    assert Objective(PLAIN).gives_samples


def test_shapes_are_those_of_parameters_and_state():
    for problem, state in ((PLAIN, []), (STATEFUL, [((), "int32")])):
        shapes = Objective(problem).shapes()
        assert [(leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(shapes[0])] == [((2,), "float32")]
        assert [(leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(shapes[1])] == state


@pytest.mark.parametrize("problem", [PLAIN, STATEFUL])
def test_the_text_of_the_code_follows_initial_weights_and_loss(problem):
    before = Objective(problem).describe()
    assert Objective(problem).describe() == before
    louder = replace(problem, loss=lambda *given: 2.0 * problem.loss(*given))
    assert Objective(louder).describe()[0] == before[0]
    assert Objective(louder).describe()[1] != before[1]
    started = replace(problem, init=lambda key: jax.tree.map(lambda leaf: 2 * leaf, problem.init(key)))
    assert Objective(started).describe()[0] != before[0]
