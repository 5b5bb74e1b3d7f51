import numpy as np
import pytest
from finite_sums import EXAMPLES, START_VECTOR, Sgd, draw_batches, fit_rate, follow, make_sum, walk

from lionsearch.rivals.sag import Sag
from lionsearch.rivals.saga import Saga

SUM = make_sum()


@pytest.mark.parametrize("reweighted", [True, False])
def test_it_steps_along_the_mean_of_what_each_example_last_had(reweighted):
    batches = draw_batches(1, 30, 4)
    table, seen = np.zeros((6, EXAMPLES)), set()

    def direction(w, examples, step):
        table[:, examples] = SUM.jacobian(w)[:, examples]
        seen.update(examples.tolist())
        return table.sum(axis=1) / (len(seen) if reweighted else EXAMPLES)

    expected = follow(direction, 0.1, batches[0])
    found = walk(Sag(reweighted), 0.1, batches).weights[0]
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert np.abs(expected[-1] - expected[0]).max() > 1.0


def test_it_converges_as_fast_as_its_theory_says_where_sgd_stays_away():
    """With a step of 1 / (16 L), batches of 1 and all rows zero; Schmidt et al. 2013, theorem 1."""
    lr = 1 / (16 * SUM.smoothness)
    batches = draw_batches(8, 8000, 1)
    found = walk(Sag(reweighted=False), lr, batches)
    distances = found.distances(SUM.optimum)
    rate = 1 - min(SUM.convexity / (16 * SUM.smoothness), 1 / (8 * EXAMPLES))
    gap, jacobian = START_VECTOR - SUM.optimum, SUM.jacobian(SUM.optimum)
    constant = SUM.excess(START_VECTOR) + 4 * SUM.smoothness / EXAMPLES * (gap @ gap)
    constant += np.mean(np.sum(jacobian**2, axis=0)) / (16 * SUM.smoothness)
    excess = SUM.excess(found.weights).mean(axis=0)
    assert (excess <= constant * rate ** np.arange(len(excess)) + 1e-10).all()
    assert distances[:, -1].max() < 1e-5
    assert fit_rate(distances.mean(axis=0)) < rate**0.5
    floor = walk(Sgd(), lr, batches).distances(SUM.optimum)[:, 4000:]
    assert floor.mean(axis=1).min() > 0.01
    assert floor.min() > 1e-3


def test_a_step_costs_the_gradients_of_its_batch():
    assert walk(Sag(), 0.1, draw_batches(1, 3, 8)).gradients.tolist() == [[1.0, 1.0, 1.0]]


@pytest.mark.thorough
def test_in_shuffled_epochs_it_bears_shorter_steps_than_saga():
    lr, rng = 1 / SUM.smoothness, np.random.default_rng(3)
    shuffled = np.argsort(rng.random((4, 60, EXAMPLES)), axis=2).reshape(4, -1, 1).astype(np.int32)
    drawn = draw_batches(4, 60 * EXAMPLES, 1)
    assert walk(Sag(), lr, drawn).distances(SUM.optimum)[:, -1].max() < 1e-4
    assert walk(Sag(), lr, shuffled).distances(SUM.optimum)[:, -1].min() > 1.0
    assert walk(Saga(), lr, shuffled).distances(SUM.optimum)[:, -1].max() < 1e-5
