import jax.numpy as jnp
import numpy as np
import pytest
from convex import follow, function, logistic, whole

MATRIX = np.diag([1.0, 4.0, 9.0]) + 0.5
OPTIMUM = np.array([1.0, -2.0, 3.0])


def quadratic(weights):
    offset = jnp.concatenate([weights["a"], weights["b"][None]]) - jnp.asarray(OPTIMUM, jnp.float32)
    return offset @ jnp.asarray(MATRIX, jnp.float32) @ offset / 2


QUADRATIC = function(quadratic, {"a": np.zeros(2), "b": np.zeros(())})


def test_a_quadratic_is_solved_in_one_step_of_as_many_products_as_weights():
    path = follow("rival:newton(damping=0, tolerance=1e-6)", QUADRATIC, whole(QUADRATIC, 1))
    found = np.append(path.weights["a"][-1], path.weights["b"][-1])
    np.testing.assert_allclose(found, OPTIMUM, rtol=1e-5)
    assert [float(cost[0]) for cost in path.costs] == [1, 1, 3]


def test_damping_is_added_to_the_diagonal():
    path = follow("rival:newton(damping=2.0, tolerance=1e-6)", QUADRATIC, whole(QUADRATIC, 1))
    expected = np.linalg.solve(MATRIX + 2 * np.eye(3), MATRIX @ OPTIMUM)
    np.testing.assert_allclose(np.append(path.weights["a"][-1], path.weights["b"][-1]), expected, rtol=1e-5)


def test_the_learning_rate_is_the_length_of_the_step():
    path = follow("rival:newton(damping=0, tolerance=1e-6)", QUADRATIC, whole(QUADRATIC, 1), lr=0.25)
    np.testing.assert_allclose(np.append(path.weights["a"][-1], path.weights["b"][-1]), OPTIMUM / 4, rtol=1e-5)


def test_errors_are_squared_in_each_step_on_a_strongly_convex_loss():
    problem, optimum = logistic()
    path = follow("rival:newton(damping=0, tolerance=1e-4)", problem, whole(problem, 6))
    errors = np.linalg.norm(path.weights - optimum, axis=1)
    assert errors[0] > 0.3
    above = errors[errors > 1e-4]
    assert (above[1:] < 2 * above[:-1] ** 2).all(), errors
    assert errors[5] < 2e-6


def test_iterations_bound_the_products():
    problem, _ = logistic()
    path = follow("rival:newton(damping=0, tolerance=1e-8, iterations=2)", problem, whole(problem, 2))
    assert path.costs.products.tolist() == [2, 2]


@pytest.mark.parametrize("name", ["rival:newton(damping=0, tolerance=1e-4)", "rival:newton"])
def test_costs_are_what_was_asked(name):
    problem, _ = logistic()
    path = follow(name, problem, whole(problem, 6), lr=4.0)
    np.testing.assert_array_equal(path.costs, path.asked)
    assert path.costs.losses.max() > 1


def test_negative_curvature_at_the_first_direction_gives_a_step_along_the_gradient():
    problem = function(lambda w: -jnp.vdot(w, w) / 2, np.array([0.5, -0.25]))
    path = follow("rival:newton(damping=0)", problem, whole(problem, 1), lr=0.5)
    np.testing.assert_allclose(path.weights[-1], [0.75, -0.375])


def test_negative_curvature_met_later_ends_the_iterations():
    curvatures = np.array([10.0, 1.0, -0.5])
    problem = function(lambda w: jnp.vdot(jnp.float32(curvatures) * w, w) / 2, np.array([1.0, 1.0, 0.1]))
    path = follow("rival:newton(damping=0, tolerance=1e-6)", problem, whole(problem, 1))
    gradient = curvatures * np.array([1.0, 1.0, 0.1])
    matrix = np.diag(curvatures)
    expected = _conjugate_gradients(matrix, gradient)
    assert 1 < expected[1] <= 3
    np.testing.assert_allclose(path.weights[1] - path.weights[0], expected[0], rtol=1e-4)
    assert path.costs.products[0] == expected[1]


def test_a_step_that_no_length_makes_good_is_not_made():
    problem = function(lambda w: jnp.abs(w - 1) + 0.5 * (w - 1) ** 2, 0.0)
    path = follow("rival:newton(damping=0, halvings=1)", problem, whole(problem, 1), lr=64.0)
    assert path.weights.tolist() == [0.0, 0.0]
    assert path.costs.losses.tolist() == [2]


def _conjugate_gradients(matrix, gradient):
    """The algorithm in NumPy, ended by curvature alone: the step, and how many products it took."""
    p, residual, direction = np.zeros(3), gradient, -gradient
    for products in range(1, 4):
        curvature = direction @ matrix @ direction
        if curvature <= 0:
            return p, products
        length = residual @ residual / curvature
        p, after = p + length * direction, residual + length * matrix @ direction
        direction = after @ after / (residual @ residual) * direction - after
        residual = after
    return p, 3
