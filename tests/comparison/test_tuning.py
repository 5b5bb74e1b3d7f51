import math
from dataclasses import replace

import pytest
from comparison.surfaces import DECAYED, PLAIN, bowl, decay_of, follow
from hypothesis import given, settings
from hypothesis import strategies as st

from lionsearch.comparison.contestant import Contestant
from lionsearch.comparison.tuning import WEIGHT_DECAYS, tune
from lionsearch.rivals.rival_spec import parse_rival


@pytest.mark.parametrize("best", [1 / 16, 1 / 2, 1, 2**0.5, 4, 32])
def test_it_finds_the_best_rate_to_half_an_octave(best):
    tuned, asked = follow(tune(PLAIN, "a", 14, 1, None), bowl(best))
    assert abs(math.log2(tuned.factor / best)) <= 0.5
    assert tuned.weight_decay is None
    assert len(asked) == tuned.points <= 14


def test_it_finds_rate_and_decay():
    tuned, _ = follow(tune(DECAYED, "a", 30, 1, 0.1), bowl(8, 1.0))
    assert (tuned.factor, tuned.weight_decay) == (8, 1.0)


@given(
    points=st.integers(1, 40),
    best=st.floats(1e-4, 1e4),
    decay=st.sampled_from(WEIGHT_DECAYS),
    explodes=st.sampled_from([1e-3, 1.0, math.inf]),
    seeds=st.integers(1, 3),
)
@settings(max_examples=60)
def test_whatever_the_losses_it_keeps_to_its_budget_and_returns_the_best_it_tried(points, best, decay, explodes, seeds):
    loss = bowl(best, decay, explodes=explodes)
    tuned, asked = follow(tune(DECAYED, "a", points, seeds, 0.1), loss)
    places = [(trial.factor, decay_of(trial)) for trial in asked]
    assert len({*places}) == tuned.points == len(asked) / seeds <= points
    assert {trial.seed for trial in asked} == set(range(seeds))
    assert {trial.split for trial in asked} == {"validation"}
    losses = {(trial.factor, decay_of(trial)): loss(trial) for trial in asked}
    finite = [value for value in losses.values() if value is not None]
    if finite:
        assert losses[tuned.factor, tuned.weight_decay] == min(finite)
    else:
        assert tuned.loss == math.inf


def test_a_rate_at_which_everything_fails_is_left_downwards():
    tuned, _ = follow(tune(PLAIN, "a", 12, 1, None), bowl(1 / 64, explodes=1 / 30))
    assert tuned.loss < math.inf
    assert tuned.factor < 1 / 30


def test_a_setting_that_fails_on_one_seed_is_not_taken():
    def loss(trial):
        return None if trial.factor == 1 and trial.seed == 1 else abs(math.log2(trial.factor)) + 1

    tuned, _ = follow(tune(PLAIN, "a", 12, 2, None), loss)
    assert tuned.factor != 1
    assert tuned.loss < math.inf


def test_what_it_asks_follows_from_what_it_was_told():
    runs = [follow(tune(DECAYED, "a", 20, 2, 0.1), bowl(3, 0.3)) for _ in range(2)]
    assert runs[0] == runs[1]


def test_what_has_no_learning_rate_is_tuned_in_its_weight_decay_alone():
    spec = replace(parse_rival("rival:x"), lr_scale=1.0, takes_rate=False)
    tuned, asked = follow(tune(Contestant("x", spec), "a", 12, 1, None), lambda trial: 1.0)
    assert (tuned.points, len(asked), tuned.factor) == (1, 1, 1.0)
    decayed = Contestant("x", replace(spec, weight_decay=0.1))
    tuned, asked = follow(tune(decayed, "a", 12, 1, 0.1), lambda trial: 1 + abs(trial.program.weight_decay - 1.0))
    assert {trial.factor for trial in asked} == {1.0}
    assert tuned.weight_decay == 1.0
