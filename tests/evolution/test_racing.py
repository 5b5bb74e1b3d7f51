import math
from statistics import fmean

import pytest

from lionsearch.evolution import RacingSettings
from lionsearch.evolution.racing import Race, lead

SETTINGS = RacingSettings(seeds=3, leaders=2, margin=1.0, penalty=0.5)
ORDER = (0, 1, 2)
GOOD, BETTER, BAD = (0.1, 0.5, 0.3), (0.3, 0.5, 0.7), (-0.2, -0.1, -0.3)


def free(*whole):
    """Scores of programs whose statements cost nothing."""
    return [(scores, 0.0) for scores in whole]


def test_without_leaders_every_seed_is_open():
    assert lead([], SETTINGS) == Race()
    assert Race().hurdles(ORDER, SETTINGS) == (-math.inf, -math.inf)
    assert Race().estimate((0.25, 0.75), ORDER, SETTINGS) == 0.5


def test_the_leaders_are_the_best_with_all_seeds():
    race = lead(free(BAD, GOOD, BETTER, BAD), SETTINGS)
    assert race.leaders == pytest.approx([0.2, 0.5, 0.5])
    assert lead(free(BETTER, BETTER, GOOD, GOOD), SETTINGS) == race  # copies in the population count once


def test_leaders_pay_for_their_statements():
    race = lead([(BAD, 0.0), (BETTER, 0.8), (GOOD, 0.1)], SETTINGS)
    assert race.leaders == pytest.approx([(0.1 - 0.1 - 0.2) / 2, (0.5 - 0.1 - 0.1) / 2, (0.3 - 0.1 - 0.3) / 2])


def test_longer_copies_of_a_leader_do_not_lead():
    race = lead(free(GOOD, BETTER), SETTINGS)
    assert lead([(GOOD, 0.0), (BETTER, 0.05), (BETTER, 0.0), (BETTER, 0.1)], SETTINGS) == race


def test_the_noise_is_what_seeds_and_programs_leave():
    seeds = (0.0, 1.0, -0.5)
    alike = [tuple(base + seed for seed in seeds) for base in (0.1, 0.4)]
    assert lead(free(*alike), SETTINGS).noise == pytest.approx(1e-6)
    wobbling = [(0.0, 0.0, 0.3), (0.0, 0.3, 0.0)]
    # by hand: residuals 0, -0.15, 0.15 and 0, 0.15, -0.15; (2 - 1) (3 - 1) degrees of freedom
    assert lead(free(*wobbling), SETTINGS).noise == pytest.approx(math.sqrt(4 * 0.15**2 / 2))


def test_hurdles_are_the_leaders_mean_so_far_less_the_margin():
    race = lead(free(GOOD, BETTER), SETTINGS)
    first, second = race.hurdles(ORDER, SETTINGS)
    assert first == pytest.approx(0.2 - race.noise)
    assert second == pytest.approx(0.35 - race.noise / math.sqrt(2))
    strict = SETTINGS.model_copy(update={"margin": 0.0})
    assert race.hurdles(ORDER, strict) == pytest.approx((0.2, 0.35))
    assert race.hurdles((1, 2, 0), strict) == pytest.approx((0.5, 0.5))


def test_a_program_is_compared_on_the_seeds_that_it_saw():
    race = Race(leaders=(0.5, 0.0, 0.1), noise=0.0)
    # the first seed is an easy one: 0.5 there is no better than the leaders, whose mean is 0.2
    assert race.estimate((0.5,), ORDER, SETTINGS) == pytest.approx(0.2)
    assert race.estimate((0.5,), (1, 2, 0), SETTINGS) == pytest.approx(0.7)
    assert race.estimate((0.3, 0.2, 0.4), ORDER, SETTINGS) == pytest.approx(0.3)


def test_few_seeds_are_penalised():
    race = Race(leaders=(0.2, 0.2, 0.2, 0.2), noise=0.1)
    one, four = (race.estimate((0.3,) * count, range(4), SETTINGS) for count in (1, 4))
    assert four - one == pytest.approx(0.5 * 0.1 * (1 - 1 / 2))
    assert fmean((one, four)) < 0.3
