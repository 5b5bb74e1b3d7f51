import numpy as np
import pytest
from finite_sums import EXAMPLES, START_VECTOR, Sgd, draw_batches, fit_rate, follow, make_sum, walk

from lionsearch.rivals.saga import Saga

SUM = make_sum()


@pytest.mark.parametrize("start", ["gradients", "zeros"])
def test_it_takes_the_steps_of_equation_1(start):
    batches = draw_batches(1, 30, 4)
    table = SUM.jacobian(START_VECTOR) if start == "gradients" else np.zeros((6, EXAMPLES))

    def direction(w, examples, step):
        new, mean = SUM.jacobian(w)[:, examples], table.mean(axis=1)
        correction = (new - table[:, examples]).mean(axis=1)
        table[:, examples] = new
        return correction + mean

    expected = follow(direction, 0.2, batches[0])
    found = walk(Saga(start), 0.2, batches).weights[0]
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert np.abs(expected[-1] - expected[0]).max() > 1.0


def test_it_converges_as_fast_as_its_theory_says_where_sgd_stays_away():
    """With a step of 1 / (3 L) and batches of 1; Defazio et al. 2014, section 2."""
    lr = 1 / (3 * SUM.smoothness)
    batches = draw_batches(8, 2400, 1)
    distances = walk(Saga(), lr, batches).distances(SUM.optimum)
    rate = 1 - min(1 / (4 * EXAMPLES), SUM.convexity * lr)
    gap = START_VECTOR - SUM.optimum
    constant = 1 + 2 * EXAMPLES * lr * SUM.excess(START_VECTOR) / (gap @ gap)
    squares = (distances**2).mean(axis=0)
    bound = constant * rate ** np.arange(len(squares))
    assert (squares <= bound + 1e-10).all()
    assert distances[:, -1].max() < 1e-5
    assert fit_rate(distances.mean(axis=0)) < rate**0.5
    floor = walk(Sgd(), lr, batches).distances(SUM.optimum)[:, 1200:]
    assert floor.mean(axis=1).min() > 0.02
    assert floor.min() > 1e-3


def test_its_first_step_costs_the_gradients_of_all_examples():
    batches = draw_batches(1, 3, 8)
    assert walk(Saga(), 0.1, batches).gradients.tolist() == [[6.0, 1.0, 1.0]]
    assert walk(Saga("zeros"), 0.1, batches).gradients.tolist() == [[1.0, 1.0, 1.0]]
