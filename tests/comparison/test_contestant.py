from dataclasses import replace

import pytest
from comparison.surfaces import DECAYED, PLAIN
from evaluation.small_tasks import make_spec

from lionsearch.comparison.contestant import Contestant
from lionsearch.graph import check_program
from lionsearch.rivals.rival_spec import parse_rival


def test_a_trial_is_of_the_program_with_that_decay():
    first, second = (DECAYED.trial("a", 2.0, decay, 0, "test") for decay in (0.1, 0.3))
    assert first != second
    assert dict(second.program.hyperparameters)["weight_decay"] == 0.3
    assert PLAIN.trial("a", 2.0, None, 0, "test").program == PLAIN.live


def test_dead_code_is_none_of_it():
    text = "def train(w, g, m, lr, *, weight_decay=0.1):\n  x = w * weight_decay\n  return sign(g) * lr, m"
    contestant = Contestant("x", check_program(text))
    assert contestant.weight_decay is None
    assert contestant.statements == 2
    assert (
        contestant.trial("a", 1.0, None, 0, "test").fingerprint
        == Contestant("y", check_program("def train(w, g, lr): return sign(g) * lr"))
        .trial("a", 1.0, None, 0, "test")
        .fingerprint
    )


def test_a_rival_has_trials_of_its_own():
    rival = Contestant("x", replace(parse_rival("optax:adamw"), lr_scale=0.002, weight_decay=0.1))
    first, second = (rival.trial("a", 2.0, decay, 0, "test") for decay in (0.1, 0.3))
    assert first != second
    assert (first.program.weight_decay, second.program.weight_decay) == (0.1, 0.3)
    assert first == rival.trial("a", 2.0, None, 0, "test")
    assert (rival.weight_decay, rival.statements, rival.takes_rate) == (0.1, None, True)


def test_a_learning_rate_is_of_the_task_or_the_rivals_own():
    spec, given = make_spec(learning_rate=0.05), parse_rival("rival:x(lr_scale=0.5)")
    assert DECAYED.learning_rate(spec, 2.0) == pytest.approx(2.0 * 0.05 * 10)
    assert Contestant("x", given).learning_rate(spec, 2.0) == pytest.approx(2.0 * 0.05 * 500)
    assert Contestant("x", replace(given, is_absolute=True)).learning_rate(spec, 2.0) == 1.0
    assert Contestant("x", replace(given, takes_rate=False)).learning_rate(spec, 2.0) is None
