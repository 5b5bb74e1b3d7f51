import jax
import jax.numpy as jnp
import numpy as np
import pytest
from finite_sums import EXAMPLES, START, START_VECTOR, make_data, make_oracle, make_sum, ridge_spec

from lionsearch.errors import SettingError
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.trainer import Trainer
from lionsearch.rivals import gradient_table
from lionsearch.rivals.gradient_table import add_to_rows, descend, fill_at_start, make_table, residuals
from lionsearch.rivals.making import resolve_rival

BATCH = jnp.array([3, 0, 31, 8, 17, 5, 39])


def oracle_at(step: int):
    data = {name: jnp.asarray(leaf) for name, leaf in make_data().items()}
    return make_oracle(data, START, BATCH, jnp.int32(step), 0.5)


def flat(tree) -> np.ndarray:
    return np.concatenate([tree["slope"], np.asarray(tree["offset"])[..., None]], axis=-1)


def test_a_table_starts_with_zeros():
    table = make_table(START, EXAMPLES)
    assert jax.tree.map(jnp.shape, table.rows) == {"slope": (EXAMPLES, 5), "offset": (EXAMPLES,)}
    assert not any(leaf.any() for leaf in jax.tree.leaves(table))


def test_it_is_filled_with_the_gradient_of_each_example_in_the_first_step_alone():
    """40 examples in batches of 7, whose last is not whole."""
    empty = make_table(START, EXAMPLES)
    filled, cost = jax.jit(lambda: fill_at_start(oracle_at(0), empty))()
    jacobian = make_sum().jacobian(START_VECTOR)
    np.testing.assert_allclose(flat(filled.rows), jacobian.T, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(flat(filled.mean), jacobian.mean(axis=1), rtol=1e-4, atol=1e-5)
    assert float(cost) == pytest.approx(EXAMPLES / 7)
    later, cost = jax.jit(lambda: fill_at_start(oracle_at(1), filled))()
    assert jax.tree.all(jax.tree.map(jnp.array_equal, later, filled))
    assert float(cost) == 0.0


def test_residuals_bring_the_rows_of_a_batch_up_to_date_and_no_others():
    oracle, rng = oracle_at(1), np.random.default_rng(0)
    rows = {"slope": rng.normal(size=(EXAMPLES, 5)), "offset": rng.normal(size=EXAMPLES)}
    rows = jax.tree.map(jnp.float32, rows)
    table = gradient_table.GradientTable(rows, jax.tree.map(lambda leaf: leaf.mean(axis=0), rows))
    new = add_to_rows(oracle, table, residuals(oracle, table))
    expected = flat(rows).astype(np.float64)
    expected[BATCH] = make_sum().jacobian(START_VECTOR).T[BATCH]
    np.testing.assert_allclose(flat(new.rows), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(flat(new.mean), expected.mean(axis=0), rtol=1e-4, atol=1e-5)


def test_a_step_goes_against_a_direction():
    assert flat(descend(oracle_at(0), jax.tree.map(jnp.ones_like, START))).tolist() == (START_VECTOR - 0.5).tolist()


def test_a_table_beyond_a_gibibyte_is_refused_with_its_size():
    weights = {"w": jax.ShapeDtypeStruct((1024, 128), jnp.float32)}
    with pytest.raises(SettingError, match=r"2,049 times 131,072 parameters, would take 1.0 GiB; at most 1 GiB"):
        make_table(weights, 2049)


@pytest.mark.parametrize("name", ["rival:saga", "rival:sag", "rival:jacsketch"])
def test_a_task_on_which_it_would_be_too_large_is_not_trained_on(monkeypatch, name):
    monkeypatch.setattr(gradient_table, "MOST_BYTES", 40 * 6 * 4 - 1)
    trainer = Trainer(ridge_spec(), Limits())
    with pytest.raises(SettingError, match="40 times 6 parameters"):
        trainer.train(resolve_rival(name), 0, "validation")
    monkeypatch.setattr(gradient_table, "MOST_BYTES", 40 * 6 * 4)
    assert trainer.state(resolve_rival(name)) >= 41.0


@pytest.mark.parametrize("name", ["rival:saga", "rival:jacsketch"])
def test_what_it_starts_with_is_one_of_two(name):
    with pytest.raises(SettingError, match="start is 'ones'; expected one of: gradients, zeros"):
        resolve_rival(f"{name}(start='ones')")
