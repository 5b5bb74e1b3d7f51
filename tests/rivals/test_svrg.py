import numpy as np
import pytest
from finite_sums import EXAMPLES, START_VECTOR, Sgd, draw_batches, fit_rate, follow, make_sum, ridge_spec, walk

from lionsearch.catalog import load_program
from lionsearch.errors import SettingError
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.rivals.making import resolve_rival
from lionsearch.rivals.svrg import Svrg

SUM = make_sum()


def test_it_takes_the_steps_of_figure_1():
    batches = draw_batches(1, 30, 4)
    anchor = START_VECTOR

    def direction(w, examples, step):
        nonlocal anchor
        anchor = w if step % 7 == 0 else anchor
        correction = SUM.jacobian(anchor).mean(axis=1) - SUM.jacobian(anchor)[:, examples].mean(axis=1)
        return SUM.jacobian(w)[:, examples].mean(axis=1) + correction

    expected = follow(direction, 0.2, batches[0])
    np.testing.assert_allclose(walk(Svrg(7), 0.2, batches).weights[0], expected, atol=2e-5)
    assert np.abs(expected[-1] - expected[0]).max() > 1.0


def test_it_converges_linearly_where_sgd_stays_away():
    """In 60 epochs of steps of 1 / (3 L) and batches of 1, with an anchor after each two."""
    lr, batches = 1 / (3 * SUM.smoothness), draw_batches(8, 60 * EXAMPLES, 1)
    distances = walk(Svrg(2 * EXAMPLES), lr, batches).distances(SUM.optimum)
    assert distances[:, -1].max() < 1e-5
    assert fit_rate(distances.mean(axis=0)) < (1 - SUM.convexity * lr / 2)
    floor = walk(Sgd(), lr, batches).distances(SUM.optimum)[:, 1200:]
    assert floor.mean(axis=1).min() > 0.02
    assert floor.min() > 1e-3


@pytest.mark.parametrize("every", [30, 7])
def test_it_trains_as_the_program_does(every):
    """To the same weights, scores and costs, over batches that do not make up the examples."""
    runner, program = TaskRunner(ridge_spec(), Limits()), load_program("svrg")
    program = program.with_hyperparameters({"anchor_every": float(every)})
    rival = resolve_rival("rival:svrg" if every == 30 else f"rival:svrg(anchor_every={every})")
    for seed in (0, 1):
        ours, theirs = (runner.trainer.train(each, seed, "validation") for each in (rival, program))
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-6)
        assert dict(ours.metrics) == pytest.approx(dict(theirs.metrics), abs=1e-6)
        assert ours.costs[0] == pytest.approx(2 + np.ceil(100 / every) / 100 * EXAMPLES / 7)
        assert theirs.costs[0] == pytest.approx(2 + EXAMPLES / 7 / every)
    seeds = Seeds((0, 1))
    assert runner.evaluate(rival, seeds).scores == pytest.approx(runner.evaluate(program, seeds).scores, abs=1e-6)


def test_the_anchor_costs_the_gradients_of_all_examples_where_it_moves():
    assert walk(Svrg(2), 0.1, draw_batches(1, 4, 8)).gradients.tolist() == [[6.0, 1.0, 6.0, 1.0]]


@pytest.mark.parametrize("every", ["0", "-3", "2.5", "True", "'7'"])
def test_steps_between_anchors_are_a_whole_number(every):
    with pytest.raises(SettingError, match="expected a whole number of steps, at least 1"):
        resolve_rival(f"rival:svrg(anchor_every={every})")
