import math
import random

import pytest

from lionsearch.evolution.constant_draws import change_constant, draw_constant


def region(value):
    """Where optimizers' constants lie."""
    if 0 < value < 1e-2:
        return "near 0"
    if 0 < 1 - value < 1e-2:
        return "near 1"
    return "negative" if value < 0 else "elsewhere"


def share(draw, where, count=3000):
    return sum(region(draw(random.Random(seed))) == where for seed in range(count)) / count


def test_the_papers_constants_are_normal():
    drawn = [draw_constant(random.Random(seed), "paper") for seed in range(3000)]
    assert drawn == [random.Random(seed).gauss(0.0, 1.0) for seed in range(3000)]


@pytest.mark.parametrize(
    ("where", "least"), [("near 0", 0.12), ("near 1", 0.12), ("negative", 0.12), ("elsewhere", 0.3)]
)
def test_mixed_constants_are_near_0_near_1_and_elsewhere(where, least):
    found = share(lambda rng: draw_constant(rng, "mixed"), where)
    assert least < found < 0.6
    assert share(lambda rng: draw_constant(rng, "paper"), "near 1") < 0.01


def test_the_papers_change_is_a_multiple():
    changed = [change_constant(0.9, random.Random(seed), "paper") for seed in range(1000)]
    assert min(changed) > 0
    assert min(changed) < 0.3
    assert max(changed) > 2.5


def test_a_mixed_change_keeps_a_decay_rate_below_1_as_often_as_not():
    changed = [change_constant(0.99, random.Random(seed), "mixed") for seed in range(3000)]
    assert sum(0.96 < value < 0.9975 for value in changed) > 900  # a multiple of its distance from 1
    assert any(value < 0 for value in changed)  # drawn anew
    assert any(value > 1.5 for value in changed)  # a multiple


@pytest.mark.parametrize("draws", ["paper", "mixed"])
def test_what_is_not_finite_is_none(draws):
    changed = [change_constant(1.7e308, random.Random(seed), draws) for seed in range(200)]
    assert None in changed
    assert all(value is None or math.isfinite(value) for value in changed)
