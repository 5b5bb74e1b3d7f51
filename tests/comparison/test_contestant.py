from comparison.surfaces import DECAYED, PLAIN

from lionsearch.catalog import load_program
from lionsearch.comparison.contestant import Contestant
from lionsearch.graph import check_program


def test_a_trial_is_of_the_program_with_that_decay():
    first, second = (DECAYED.trial("a", 2.0, decay, 0, "test") for decay in (0.1, 0.3))
    assert first != second
    assert dict(second.program.hyperparameters)["weight_decay"] == 0.3
    assert PLAIN.trial("a", 2.0, None, 0, "test").program == PLAIN.live


def test_dead_code_is_none_of_it():
    text = "def train(w, g, m, lr, *, weight_decay=0.1):\n  x = w * weight_decay\n  return sign(g) * lr, m"
    contestant = Contestant("x", check_program(text))
    assert contestant.weight_decay is None
    assert contestant.slots == 0
    assert (
        contestant.trial("a", 1.0, None, 0, "test").fingerprint
        == Contestant("y", check_program("def train(w, g, lr): return sign(g) * lr"))
        .trial("a", 1.0, None, 0, "test")
        .fingerprint
    )


def test_slots_are_those_of_the_size_of_the_weights():
    assert [Contestant(name, load_program(name)).slots for name in ("sgd", "lion", "adamw")] == [0, 1, 2]
