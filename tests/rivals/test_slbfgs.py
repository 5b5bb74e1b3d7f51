import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convex import KEY, drawn, follow, function, logistic, whole

from lionsearch.rivals.making import make_rival, resolve_rival
from lionsearch.rivals.slbfgs import precondition

SETTINGS = "anchor_every=8, pair_every=4, memory=3, curvature_batches=4"
STEPS, SIZE = 240, 4


@pytest.fixture(scope="module")
def problem():
    return logistic()


@pytest.fixture(scope="module")
def batches(problem):
    return drawn(problem[0], STEPS, SIZE)


def errors(path, optimum):
    return np.linalg.norm(path.weights - optimum, axis=1)


@pytest.mark.parametrize("name", ["slbfgs", "slbfgs_zhao"])
@pytest.mark.thorough
def test_it_converges_where_gradient_descent_with_the_same_step_stays_at_its_noise(name, problem, batches):
    task, optimum = problem
    found = errors(follow(f"rival:{name}({SETTINGS})", task, batches, lr=0.1), optimum)
    noisy = errors(follow("optax:sgd", task, batches, lr=0.1), optimum)
    assert noisy[-STEPS // 2 :].min() > 1e-2
    assert found[-1] < 1e-5
    halves = found[[0, 60, 120]]
    assert (halves[1:] < halves[:-1] / 5).all(), halves


@pytest.mark.thorough
def test_it_is_faster_than_variance_reduction_alone(problem, batches):
    task, optimum = problem
    with_pairs = errors(follow(f"rival:slbfgs({SETTINGS})", task, batches, lr=0.1), optimum)
    without = errors(follow("rival:slbfgs(anchor_every=8, pair_every=1000)", task, batches, lr=0.1), optimum)
    assert with_pairs[120] < without[120] / 5


@pytest.mark.parametrize(("name", "ratio"), [("slbfgs", None), ("slbfgs_zhao", 0.9)])
def test_it_is_the_algorithm(name, ratio, problem, batches):
    task, _ = problem
    path = follow(f"rival:{name}({SETTINGS})", task, batches, lr=0.1)
    np.testing.assert_allclose(path.weights[:41], by_hand(task, batches[:40], 0.1, ratio), rtol=1e-3, atol=1e-4)


def by_hand(problem, batches, lr, ratio):
    """The algorithm in NumPy with dense matrices: H by BFGS updates of the kept pairs."""
    x, y = (np.asarray(problem.train[name], np.float64) for name in "xy")

    def slope(w, at):
        return -x[at].T @ (y[at] / (1 + np.exp(y[at] * (x[at] @ w)))) / len(at) + 0.1 * w

    def curvature(w, at):
        p = 1 / (1 + np.exp(-(x[at] @ w)))
        return (x[at].T * (p * (1 - p))) @ x[at] / len(at) + 0.1 * np.eye(x.shape[1])

    w, pairs, iterates, averages, inner = np.zeros(x.shape[1]), [], [], [], []
    path, inverse, anchor, full = [w], np.eye(x.shape[1]), w, w
    for step, batch in enumerate(batches):
        if step % 8 == 0:
            anchor, inner = w, []
            full = slope(w, np.arange(len(y)))
        iterates.append(w)
        w = w - lr * inverse @ (slope(w, batch) - slope(anchor, batch) + full)
        if len(iterates) % 4 == 0:
            averages.append(np.mean(iterates[-4:], axis=0))
            if len(averages) > 1:
                key = jax.random.fold_in(KEY, step)
                chosen = np.asarray(jax.random.choice(key, len(y), (16,), replace=False))
                s = averages[-1] - averages[-2]
                pairs.append((s, curvature(averages[-1], chosen) @ s))
                inverse = dense(pairs[-3:])
        inner.append(w)
        if ratio is not None and len(inner) == 8:
            w = np.average(inner, axis=0, weights=[ratio ** (7 - i) for i in range(8)])
        path.append(w)
    return np.stack(path)


def dense(pairs):
    s, y = pairs[-1]
    size = len(s)
    inverse = np.eye(size) * (s @ y) / (y @ y)
    for s, y in pairs:
        left = np.eye(size) - np.outer(s, y) / (s @ y)
        inverse = left @ inverse @ left.T + np.outer(s, s) / (s @ y)
    return inverse


def test_the_two_loops_are_the_dense_matrix():
    rng = np.random.default_rng(2)
    root = rng.normal(size=(5, 5))
    s = rng.normal(size=(3, 5))
    y = s @ (root @ root.T + np.eye(5))
    empty = np.zeros((2, 5))
    pairs = (jnp.float32(np.concatenate([empty, part])) for part in (s, y))
    vector = rng.normal(size=5)
    expected = dense([*zip(s, y, strict=True)]) @ vector
    np.testing.assert_allclose(precondition(jnp.float32(vector), *pairs), expected, rtol=1e-3, atol=1e-5)


def test_a_pair_without_positive_curvature_is_left_out():
    problem = function(lambda w: -1.2 * w - jnp.sin(w), 1.0)
    path = follow("rival:slbfgs(pair_every=2, memory=1)", problem, whole(problem, 60), lr=0.1)
    w, inverse, iterates, means, curvatures = 1.0, 1.0, [1.0], [], []
    while len(iterates) <= 60:
        w += 0.1 * inverse * (1.2 + np.cos(w))
        if len(iterates) % 2 == 0:
            means.append(np.mean(iterates[-2:]))
            curvatures = np.sin(means[1:])
            inverse = 1 / [1.0, *curvatures[curvatures > 0]][-1]
        iterates.append(w)
    assert (np.asarray(curvatures) < 0).any()
    np.testing.assert_allclose(path.weights, iterates, rtol=1e-3)


def test_costs_are_what_was_asked(problem, batches):
    path = follow(f"rival:slbfgs({SETTINGS})", problem[0], batches, lr=0.1)
    assert path.costs.gradients.tolist() == [2 + 8 * (step % 8 == 0) for step in range(STEPS)]
    assert path.costs.products.tolist() == [4 * (step % 4 == 3 and step > 3) for step in range(STEPS)]
    np.testing.assert_array_equal(path.costs, path.asked)


def test_state_is_two_vectors_for_each_pair_and_four(problem):
    task = problem[0]
    state = make_rival(resolve_rival(f"rival:slbfgs({SETTINGS})")).init(task.init(KEY), 32)
    assert sum(leaf.size for leaf in jax.tree.leaves(state)) == (2 * 3 + 4) * 4
