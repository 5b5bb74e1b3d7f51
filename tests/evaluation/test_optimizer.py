from dataclasses import replace

import pytest
from evaluation.small_tasks import make_spec

from lionsearch.evaluation.optimizer import learning_rate, rate_of, weight_decay_of, with_weight_decay
from lionsearch.graph import check_program
from lionsearch.rivals.rival_spec import parse_rival

PLAIN = check_program("def train(w, g, lr): return g * lr")
DECAYED = check_program(
    "def train(w, g, lr, *, lr_scale=0.02, weight_decay=0.1): return (g + w * weight_decay) * lr * lr_scale"
)
RIVAL = replace(parse_rival("optax:adamw"), lr_scale=0.005, weight_decay=0.3)
SPEC = make_spec(learning_rate=0.04)


def test_a_weight_decay_is_read_and_set():
    assert [weight_decay_of(each) for each in (PLAIN, DECAYED, RIVAL)] == [None, 0.1, 0.3]
    for each in (DECAYED, RIVAL):
        assert weight_decay_of(with_weight_decay(each, 0.7)) == 0.7
        assert with_weight_decay(each, None) is each


def test_a_learning_rate_is_the_tasks_in_the_optimizers_units():
    assert [rate_of(each) for each in (PLAIN, DECAYED, RIVAL)] == [0.001, 0.02, 0.005]
    assert learning_rate(PLAIN, SPEC) == pytest.approx(0.04)
    assert learning_rate(DECAYED, SPEC, 0.5) == pytest.approx(0.4)
    assert learning_rate(RIVAL, SPEC, 2.0) == pytest.approx(0.4)
    assert learning_rate(replace(RIVAL, is_absolute=True), SPEC, 2.0) == pytest.approx(0.01)


def test_what_finds_its_rate_itself_has_none():
    searching = replace(RIVAL, takes_rate=False)
    assert (rate_of(searching), learning_rate(searching, SPEC)) == (None, None)
