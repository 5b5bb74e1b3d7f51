import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from finite_sums import (
    EXAMPLES,
    START_VECTOR,
    Sgd,
    draw_batches,
    fit_rate,
    follow,
    key_of,
    make_sum,
    ridge_spec,
    walk,
)

from lionsearch.errors import SettingError
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.trainer import Trainer
from lionsearch.rivals.jacsketch import JacSketch, project_randomly
from lionsearch.rivals.making import resolve_rival
from lionsearch.rivals.sag import Sag
from lionsearch.rivals.saga import Saga

SUM = make_sum()
SIZE = 4


def sketch_of(name: str, examples: np.ndarray, step: int) -> np.ndarray:
    """The sketch matrix (all examples, columns)."""
    rows = np.eye(EXAMPLES)[:, examples]
    if name == "batch":
        return rows
    if name == "average":
        return rows.sum(axis=1, keepdims=True)
    return rows @ np.asarray(jax.random.normal(key_of(step), (SIZE, 2)))


@pytest.mark.parametrize(
    ("name", "theta"), [("batch", EXAMPLES / SIZE), ("average", EXAMPLES / SIZE), ("gaussian", EXAMPLES / 2)]
)
def test_it_takes_the_steps_of_algorithm_1(name, theta):
    """In matrices of the whole size, with the pseudo-inverse."""
    batches = draw_batches(1, 30, SIZE)
    estimate = SUM.jacobian(START_VECTOR)

    def direction(w, examples, step):
        nonlocal estimate
        sketch = sketch_of(name, examples, step)
        projection = sketch @ np.linalg.pinv(sketch.T @ sketch) @ sketch.T
        change = (SUM.jacobian(w) - estimate) @ projection
        found = estimate.mean(axis=1) + theta * change.mean(axis=1)
        estimate = estimate + change
        return found

    expected = follow(direction, 0.1, batches[0])
    found = walk(JacSketch(name, columns=2), 0.1, batches).weights[0]
    np.testing.assert_allclose(found, expected, atol=5e-5)
    assert np.abs(expected[-1] - expected[0]).max() > 1.0


@pytest.mark.thorough
def test_with_the_sketch_of_the_batch_it_is_saga():
    batches = draw_batches(2, 100, SIZE)
    expected, found = walk(Saga(), 0.2, batches), walk(JacSketch(), 0.2, batches)
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-5)
    np.testing.assert_array_equal(found.gradients, expected.gradients)


@pytest.mark.thorough
def test_with_a_theta_of_1_it_is_sag():
    batches = draw_batches(2, 100, SIZE)
    expected = walk(Sag(reweighted=False), 0.1, batches)
    found = walk(JacSketch(theta=1.0, start="zeros"), 0.1, batches)
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-5)


@pytest.mark.parametrize("name", ["batch", "average"])
@pytest.mark.thorough
def test_over_all_batches_its_direction_is_the_full_gradient(name):
    """The second step, of a table that is not up to date: once with each pair of examples."""
    pairs = np.array(list(itertools.combinations(range(EXAMPLES), 2)), np.int32)
    batches = np.stack([np.broadcast_to([3, 8], pairs.shape), pairs], axis=1)
    weights = walk(JacSketch(name), 0.1, batches).weights
    directions = (weights[:, 1] - weights[:, 2]) / 0.1
    full = SUM.jacobian(weights[0, 1]).mean(axis=1)
    np.testing.assert_allclose(directions.mean(axis=0), full, atol=2e-4)
    assert directions.std(axis=0).max() > 0.1


def test_a_random_projection_prefers_no_direction():
    found = jax.vmap(lambda key: project_randomly(key, 5, 2))(jax.random.split(jax.random.key(0), 20_000))
    np.testing.assert_allclose(found @ found, found, atol=1e-5)
    np.testing.assert_allclose(jnp.trace(found, axis1=1, axis2=2), 2.0, atol=1e-5)
    np.testing.assert_allclose(found.mean(axis=0), 0.4 * np.eye(5), atol=0.01)


SLOWER = {"batch": 1, "average": SIZE, "gaussian": SIZE / 2}
"""By how much steps are shorter, and more of them, because a batch renews fewer directions of the table."""


@pytest.mark.parametrize("name", ["batch", "average", pytest.param("gaussian", marks=pytest.mark.thorough)])
def test_it_converges_linearly(name):
    """At least as fast as SAGA with batches of 1 and the same step, by SAGA's theory; the paper's is of each sketch."""
    lr = 1 / (3 * SLOWER[name] * SUM.smoothness)
    batches = draw_batches(8, int(2400 * SLOWER[name]), SIZE)
    distances = walk(JacSketch(name, columns=2), lr, batches).distances(SUM.optimum)
    assert distances[:, -1].max() < 1e-5
    assert fit_rate(distances.mean(axis=0)) < (1 - min(1 / (4 * EXAMPLES), SUM.convexity * lr)) ** 0.5


def test_sgd_stays_away_even_with_the_shortest_of_these_steps():
    lr = 1 / (3 * max(SLOWER.values()) * SUM.smoothness)
    floor = walk(Sgd(), lr, draw_batches(8, 9600, SIZE)).distances(SUM.optimum)[:, 4800:]
    assert floor.mean(axis=1).min() > 0.01
    assert floor.min() > 1e-3


def test_the_average_of_a_batch_costs_nothing_beside_its_gradient():
    batches = draw_batches(1, 3, 8)
    assert walk(JacSketch("average"), 0.1, batches).gradients.tolist() == [[5.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("sketch='mean'", "sketch is 'mean'; expected one of: batch, average, gaussian"),
        ("columns=0", "columns is 0; expected a whole number, at least 1"),
        ("columns=1.5", "columns is 1.5; expected a whole number"),
        ("theta=0", "theta is 0; expected a number above 0"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        resolve_rival(f"rival:jacsketch({settings})")


def test_a_sketch_has_no_more_columns_than_a_batch_has_examples():
    trainer = Trainer(ridge_spec(), Limits())
    with pytest.raises(SettingError, match="columns is 8; expected at most the examples of a batch, 7"):
        trainer.train(resolve_rival("rival:jacsketch(sketch='gaussian', columns=8)"), 0, "validation")
