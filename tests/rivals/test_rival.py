import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.rivals.rival import Costs, Oracle

A = np.array([[2.0, 1.0], [1.0, 3.0]])
X = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)


def measure(weights, batch):
    return jnp.mean((batch @ weights["w"] - 1) ** 2) + weights["w"] @ jnp.asarray(A, jnp.float32) @ weights["w"] / 2


def make(batch=(0, 3, 5)):
    weights, rows = {"w": jnp.array([1.0, -1.0])}, jnp.array(batch)
    loss, gradient = jax.value_and_grad(measure)(weights, jnp.asarray(X)[rows])
    numbers, data = (jnp.float32(0),) * 3, jnp.asarray(X)
    return Oracle(weights, loss, gradient, data[rows], rows, data, *numbers, jax.random.key(0), measure)


def gradient_by_hand(w, x):
    return 2 * x.T @ (x @ w - 1) / len(x) + A @ w


def test_losses_and_gradients_are_of_the_batch_or_of_other_examples():
    oracle, w = make(), np.array([0.5, 2.0])
    for batch, rows in ((None, X[[0, 3, 5]]), (jnp.asarray(X[:2]), X[:2])):
        found = oracle.gradient_at({"w": jnp.asarray(w, jnp.float32)}, batch)["w"]
        np.testing.assert_allclose(found, gradient_by_hand(w, rows), rtol=1e-4)
    assert float(oracle.loss_at(oracle.weights)) == pytest.approx(float(oracle.loss))
    assert (oracle.count, oracle.size) == (7, 3)


def test_a_product_is_that_of_the_hessian():
    oracle, v = make(), np.array([0.3, -0.7])
    rows = X[[0, 3, 5]]
    hessian = 2 * rows.T @ rows / 3 + A
    found = oracle.product(oracle.weights, {"w": jnp.asarray(v, jnp.float32)})["w"]
    np.testing.assert_allclose(found, hessian @ v, rtol=1e-4)


def test_gradients_of_examples_have_the_batchs_as_their_mean():
    oracle = make()
    each = oracle.gradients_of_examples(oracle.weights)["w"]
    assert each.shape == (3, 2)
    np.testing.assert_allclose(each.mean(axis=0), oracle.gradient["w"], rtol=1e-4)


@pytest.mark.parametrize("batch", [(0,), (0, 1, 2), (0, 1, 2, 3, 4, 5, 6)])
def test_the_full_gradient_is_of_all_examples_whatever_the_batch(batch):
    oracle = make(batch)
    found = oracle.full_gradient(oracle.weights)["w"]
    np.testing.assert_allclose(found, gradient_by_hand(np.array([1.0, -1.0]), X), rtol=1e-4)


def test_costs_add_up():
    assert Costs(1.0, 2.0, 3.0).plus(Costs(products=0.5)) == (1.0, 2.0, 3.5)
