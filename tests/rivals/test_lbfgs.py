import jax
import numpy as np
import optax
import pytest
from convex import KEY, follow, function, logistic, whole

ROSENBROCK = function(lambda w: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2, np.array([-1.2, 1.0]))


def by_hand(problem, steps, **settings):
    transform = optax.lbfgs(**settings)

    def loss(weights):
        return problem.loss(weights, problem.train)

    @jax.jit
    def step(weights, state):
        value, gradient = jax.value_and_grad(loss)(weights)
        updates, state = transform.update(gradient, state, weights, value=value, grad=gradient, value_fn=loss)
        return optax.apply_updates(weights, updates), state

    weights = problem.init(KEY)
    state, path = transform.init(weights), [weights]
    for _ in range(steps):
        weights, state = step(weights, state)
        path.append(weights)
    return np.stack(path)


@pytest.mark.thorough
def test_on_full_batches_it_is_what_optax_does():
    problem, optimum = logistic()
    path = follow("rival:lbfgs", problem, whole(problem, 12))
    np.testing.assert_allclose(path.weights, by_hand(problem, 12), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(path.weights[-1], optimum, atol=1e-4)


SHORT = "rival:lbfgs(memory_size=2, line_search_steps=3)"


def test_settings_are_passed_on():
    path = follow(SHORT, ROSENBROCK, whole(ROSENBROCK, 50))
    search = optax.scale_by_zoom_linesearch(3, initial_guess_strategy="one")
    same = by_hand(ROSENBROCK, 10, memory_size=2, linesearch=search)
    np.testing.assert_allclose(path.weights[:11], same, rtol=1e-3, atol=1e-4)


def test_it_finds_the_minimum_of_rosenbrocks_function():
    path = follow(SHORT, ROSENBROCK, whole(ROSENBROCK, 50))
    np.testing.assert_allclose(path.weights[-1], 1.0, atol=1e-3)


def test_costs_are_what_the_line_search_asked():
    path = follow(SHORT, ROSENBROCK, whole(ROSENBROCK, 50))
    np.testing.assert_array_equal(path.costs.gradients, 1 + path.asked.losses)
    assert path.costs.gradients.max() == 1 + 3
    assert path.asked.gradients.max() == 1
    assert not path.costs.losses.any()
    assert not path.costs.products.any()
