import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rivals.error_problem import CLASSES, descend, make_batch, make_oracle, make_weights, share_wrong

from lionsearch.errors import SettingError
from lionsearch.rivals.coordinate import LADDER, coordinate, draw_direction


@pytest.mark.parametrize("along", ["coordinate", "direction"])
@pytest.mark.parametrize("exact", [True, False])
def test_errors_fall_to_none_where_classes_are_apart(along, exact):
    batch, weights = make_batch(), make_weights(1)
    assert float(share_wrong(weights, batch)) > 0.3
    _, shares = descend(coordinate(8, along, CLASSES, exact=exact), batch, weights, 10)
    assert shares[-1] == 0.0


@pytest.mark.parametrize("exact", [True, False])
def test_errors_never_rise(exact):
    batch, weights = make_batch(noise=2.0), make_weights(1)
    _, shares = descend(coordinate(2, classes=CLASSES, exact=exact), batch, weights, 12)
    assert all(after <= before + 1e-6 for before, after in itertools.pairwise(shares))
    assert shares[-1] < shares[0]


def test_no_step_is_made_that_the_measured_loss_is_against():
    """Where the measured loss is not the number of errors, an exact step for the one may be wrong for the other."""
    batch, weights = make_batch(noise=2.0), make_weights(1)
    oracle = make_oracle(batch, weights, judge=lambda weights, batch: jnp.sum(weights["bias"] ** 2))
    moved, _, _ = coordinate(16, classes=CLASSES).step(oracle, ())
    np.testing.assert_array_equal(moved["bias"], weights["bias"])
    assert not np.array_equal(moved["kernel"], weights["kernel"])


@pytest.mark.thorough
def test_the_ladder_lowers_any_measured_loss_of_any_model():
    def loss(weights, batch):
        return jnp.mean((jnp.tanh(batch @ weights["a"]) @ weights["b"] - 1) ** 2)

    weights = {"a": 0.5 * jax.random.normal(jax.random.key(0), (3, 4)), "b": jnp.zeros(4)}
    batch = jax.random.normal(jax.random.key(1), (16, 3))
    oracle = make_oracle(batch, weights, measure=loss, judge=None)
    moved, _, _ = coordinate(32, exact=False).step(oracle, ())
    assert float(loss(moved, batch)) < 0.7 * float(loss(weights, batch))


@pytest.mark.parametrize(("exact", "of_search"), [(True, 2 * CLASSES), (False, len(LADDER))])
def test_what_it_asks_for_is_counted(exact, of_search):
    _, _, costs = coordinate(5, classes=CLASSES, exact=exact).step(make_oracle(make_batch(), make_weights()), ())
    assert float(costs.losses) == 1 + 5 * (1 + of_search)


def test_directions_have_length_one():
    keys = jax.random.split(jax.random.key(0), 50)
    chosen = jax.vmap(lambda key: draw_direction(key, 4, "coordinate"))(keys)
    assert set(np.unique(chosen)) == {0.0, 1.0}
    assert set(np.argmax(chosen, axis=1).tolist()) == {0, 1, 2, 3}
    drawn = jax.vmap(lambda key: draw_direction(key, 4, "direction"))(keys)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1.0, rtol=1e-5)


def test_settings_that_cannot_be():
    with pytest.raises(SettingError, match="along is 'gradient'; expected 'coordinate' or 'direction'"):
        coordinate(along="gradient")
    with pytest.raises(SettingError, match="searches is 0; expected a positive integer"):
        coordinate(searches=0)
