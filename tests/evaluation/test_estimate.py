import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from lionsearch.evaluation.estimate import estimate

scores = st.lists(st.integers(-100, 100).map(lambda n: n / 100), min_size=2, max_size=8)


@given(scores)
def test_the_interval_is_students(values):
    assume(len(set(values)) > 1)
    found = estimate(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), np.std(values, ddof=1) / len(values) ** 0.5)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert (found.mean - found.interval, found.mean + found.interval) == pytest.approx((low, high), abs=1e-9)
    assert found.is_positive == (found.mean > found.interval)


def test_one_seed_proves_nothing():
    assert estimate([5.0]).interval == math.inf
    assert not estimate([5.0]).is_positive
    assert str(estimate([5.0])) == "+5.0000"
