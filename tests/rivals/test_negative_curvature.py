import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convex import follow, function, logistic, whole

from lionsearch.rivals.negative_curvature import leftmost

SADDLE = function(lambda w: w["x"] ** 4 / 4 - w["x"] ** 2 / 2 + w["y"] ** 2 / 2, {"x": 0.0, "y": 0.0})
NAME = "rival:negative_curvature(alpha=0.2, hessian_lipschitz=6.0)"


def test_it_leaves_a_saddle_at_which_gradient_descent_stays():
    path = follow(NAME, SADDLE, whole(SADDLE, 40), lr=0.3)
    assert abs(path.weights["x"][-1]) == pytest.approx(1, abs=1e-3)
    assert path.weights["y"][-1] == pytest.approx(0, abs=1e-3)
    still = follow("optax:sgd", SADDLE, whole(SADDLE, 40), lr=0.3)
    assert still.weights["x"][-1] == still.weights["y"][-1] == 0


def test_a_step_along_negative_curvature_is_twice_it_over_the_lipschitz_constant():
    path = follow(NAME, SADDLE, whole(SADDLE, 40), lr=0.3)
    assert abs(path.weights["x"][1]) == pytest.approx(2 / 6, rel=1e-5)
    assert path.weights["y"][1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("x", [0.1, -0.1])
def test_a_step_along_negative_curvature_goes_down_the_gradient(x):
    problem = function(lambda w: w["x"] ** 4 / 4 - w["x"] ** 2 / 2 + w["y"] ** 2 / 2, {"x": x, "y": 0.0})
    path = follow(NAME, problem, whole(problem, 1))
    assert path.weights["x"][1] / x == pytest.approx(1 + 2 * (1 - 0.03) / 6 / 0.1, rel=1e-4)


@pytest.mark.thorough
def test_where_curvature_is_positive_it_is_nesterovs_method_on_the_regularized_loss():
    problem, _ = logistic()
    name = "rival:negative_curvature(alpha=0.2, hessian_lipschitz=2.0, iterations=5)"
    path = follow(name, problem, whole(problem, 1), lr=0.2)
    start = jnp.zeros(4)

    def regularized(z):
        distance = jnp.sqrt(jnp.vdot(z, z) + 1e-12)
        smooth = (1 / 0.2 - 2 * 0.6) / 5
        return problem.loss(z, problem.train) + 0.6 * distance**2 + smooth * jnp.maximum(distance - 0.1, 0) ** 2

    y, z = start, start
    momentum = ((1 / 0.12) ** 0.5 - 1) / ((1 / 0.12) ** 0.5 + 1)
    for _ in range(5):
        before, y = y, z - 0.2 * jax.grad(regularized)(z)
        z = y + momentum * (y - before)
    np.testing.assert_allclose(path.weights[1], y, rtol=1e-4)
    assert np.linalg.norm(y) > 0.1


def test_a_learning_rate_of_0_is_no_step():
    problem, _ = logistic()
    path = follow(
        "rival:negative_curvature(alpha=0.2, hessian_lipschitz=2.0, iterations=5)", problem, whole(problem, 1), 0
    )
    np.testing.assert_allclose(path.weights[1], path.weights[0], atol=1e-12)


@pytest.mark.thorough
def test_it_finds_the_minimum_of_a_logistic_regression():
    problem, optimum = logistic()
    name = "rival:negative_curvature(alpha=0.1, hessian_lipschitz=0.1)"
    path = follow(name, problem, whole(problem, 60), lr=0.3)
    np.testing.assert_allclose(path.weights[-1], optimum, atol=1e-4)


def test_costs_are_what_was_asked():
    path = follow(NAME, SADDLE, whole(SADDLE, 40), lr=0.3)
    assert set(path.costs.gradients.tolist()) == {1, 10}
    assert path.costs.products.tolist() == [2] * 40
    np.testing.assert_array_equal(path.costs, path.asked)


def test_lanczos_finds_the_smallest_eigenvalue_of_a_matrix():
    rng = np.random.default_rng(3)
    basis, _ = np.linalg.qr(rng.normal(size=(30, 30)))
    values = np.append(-2.0, rng.uniform(-1, 3, 29))
    matrix = jnp.float32(basis * values @ basis.T)
    value, vector = leftmost(lambda v: matrix @ v, jnp.float32(rng.normal(size=30)), 20)
    assert float(value) == pytest.approx(-2, abs=1e-3)
    assert abs(float(vector @ basis[:, 0])) == pytest.approx(1, abs=1e-2)
    assert float(vector @ matrix @ vector) == pytest.approx(float(value), abs=1e-4)


@pytest.mark.parametrize(("diagonal", "expected"), [((3.0, -1.0, -1.0, 3.0), -1.0), ((2.0, 2.0, 5.0, 5.0), 0.0)])
def test_lanczos_ends_when_its_space_is_exhausted(diagonal, expected):
    value, vector = leftmost(lambda v: jnp.float32(diagonal) * v, jnp.arange(1.0, 5.0), 4)
    assert float(value) == pytest.approx(expected, abs=1e-5)
    assert np.isfinite(vector).all()
