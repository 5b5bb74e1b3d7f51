import itertools

import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from rivals.error_problem import CLASSES, descend, make_batch, make_oracle, make_weights, share_wrong
from rivals.test_error_count import REACH, brute_force

from lionsearch.errors import SettingError
from lionsearch.rivals.mert import mert

EVERY = 9
"""Coordinates of the weights."""


def test_errors_fall_to_none_where_classes_are_apart():
    batch, weights = make_batch(), make_weights(1)
    assert float(share_wrong(weights, batch)) > 0.3
    _, shares = descend(mert(4, 2, CLASSES), batch, weights, 8)
    assert shares[-1] == 0.0


def test_a_round_makes_the_best_step_along_any_coordinate():
    batch, weights = make_batch(noise=1.5), make_weights(3)
    flat, _ = ravel_pytree(weights)
    moved, _, _ = mert(EVERY, 1, CLASSES, REACH).step(make_oracle(batch, weights), ())
    best = np.min(brute_force(batch, weights, np.eye(flat.size, dtype=np.float32)))
    assert float(share_wrong(moved, batch)) <= best + 1e-6
    assert np.count_nonzero(ravel_pytree(moved)[0] != flat) == 1


def test_errors_never_rise():
    _, shares = descend(mert(2, 1, CLASSES), make_batch(noise=2.0), make_weights(1), 12)
    assert all(after <= before + 1e-6 for before, after in itertools.pairwise(shares))
    assert shares[-1] < shares[0]


def test_what_it_asks_for_is_counted():
    _, _, costs = mert(3, 2, CLASSES).step(make_oracle(make_batch(), make_weights()), ())
    assert float(costs.losses) == 1 + 2 * (1 + CLASSES + 3 * CLASSES)
    _, _, costs = mert(100, 1, CLASSES).step(make_oracle(make_batch(), make_weights()), ())
    assert float(costs.losses) == 1 + 1 + CLASSES + EVERY * CLASSES


def test_a_setting_that_cannot_be():
    with pytest.raises(SettingError, match="directions is 0; expected a positive integer"):
        mert(directions=0)
