import itertools
import math
import statistics

import pytest
from runs.test_tune import LIMITS, PLAIN, SGD, SPEC, expected_loss

from lionsearch.errors import UnknownNameError
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.graph import check_program
from lionsearch.runs.sampled_tuning import FACTORS, SAMPLERS, WEIGHT_DECAYS, decay_at, tune_sampled


@pytest.fixture(autouse=True)
def _private_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path))


@pytest.fixture(scope="module")
def runner() -> TaskRunner:
    return TaskRunner(SPEC, LIMITS)


def decays_of(result):
    return [point.weight_decay for point in result.points]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_point_is_what_a_plain_loop_says(runner, sampler):
    seen: list[tuple[int, int]] = []
    heard = lambda done, total: seen.append((done, total))  # noqa: E731
    result = tune_sampled(SGD, runner, sampler, trials=12, seeds=1, listener=heard)
    assert seen == [(done, 12) for done in range(1, 13)]
    for point in result.points:
        assert FACTORS[0] <= point.factor <= FACTORS[1]
        assert point.weight_decay == 0.0 or WEIGHT_DECAYS[0] <= point.weight_decay <= WEIGHT_DECAYS[1]
        assert point.loss == pytest.approx(expected_loss(point.factor, point.weight_decay), rel=1e-3, abs=1e-6)
    assert result.best.loss == min(point.loss for point in result.points)
    assert len({point.factor for point in result.points}) == 12


def test_the_proposals_are_those_of_a_seed(runner):
    points = [tune_sampled(SGD, runner, "tpe", trials=12, seeds=1, seed=seed).points for seed in (0, 0, 1)]
    assert points[0] == points[1] != points[2]


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_model_of_the_losses_proposes_better_points_than_chance(runner, sampler):
    """The median of the second half of the trials, against as many random ones."""

    def late(name):
        losses = [
            point.loss
            for seed in range(3)
            for point in tune_sampled(PLAIN, runner, name, trials=40, seeds=1, seed=seed).points[20:]
        ]
        return statistics.median(losses)

    assert late(sampler) < 0.1 * late("random")


def test_weight_decay_is_sometimes_none_and_is_tuned_only_where_there_is_one(runner):
    decays = decays_of(tune_sampled(SGD, runner, "random", trials=60, seeds=1))
    assert 3 <= decays.count(0.0) <= 24
    assert decays_of(tune_sampled(PLAIN, runner, "random", trials=3, seeds=1)) == [None] * 3


def test_points_at_which_training_diverges_are_infinite_and_the_search_goes_on(runner):
    wild = check_program("def train(w, g, lr): return g * lr * 1e3")
    for sampler in SAMPLERS:
        result = tune_sampled(wild, runner, sampler, trials=12, seeds=1)
        assert [point.loss for point in result.points].count(math.inf) == 12


def test_a_sampler_that_is_none(runner):
    with pytest.raises(UnknownNameError, match="unknown sampler 'cma'; did you mean 'cmaes'"):
        tune_sampled(SGD, runner, "cma", trials=3)


def test_decays_are_spread_evenly_in_the_logarithm():
    steps = [decay_at(0.2 + 0.2 * step) for step in range(1, 5)]
    ratios = [after / before for before, after in itertools.pairwise(steps)]
    assert ratios == pytest.approx([ratios[0]] * 3)
    assert decay_at(0.19) == 0.0 < decay_at(0.21) < 1.2 * WEIGHT_DECAYS[0]
