from lionsearch.catalog import load_program
from lionsearch.evolution import RacingSettings
from lionsearch.evolution.candidate import Candidate, number_initial, seed_order
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.lang import parse


def test_initial_programs_are_numbered_and_raced_to_the_end():
    found = number_initial([load_program("adamw"), load_program("lion")], RacingSettings(seeds=3))
    assert [(each.number, each.parent, each.change) for each in found] == [(0, None, "initial"), (1, None, "initial")]
    assert all(each.hurdles == (float("-inf"),) * 2 for each in found)
    assert not any(each.program.hyperparameters for each in found), "the search sees constants"


def test_without_racing_there_are_no_hurdles():
    [found] = number_initial([load_program("adamw")], RacingSettings(seeds=0))
    assert found.hurdles is None


def test_the_first_seed_follows_from_what_is_live():
    one = parse("def train(w, g, lr): return g * lr")
    other = parse("def train(w, g, lr):\n  dead = sin(g)\n  return lr * g\n")
    racing = RacingSettings(seeds=5)
    order = seed_order(Candidate(0, one, None, "initial"), racing)
    assert sorted(order) == list(range(5))
    assert order[0] == int(fingerprint(remove_dead_code(one))[:8], 16) % 5
    assert seed_order(Candidate(0, other, None, "initial"), racing) == order
    assert seed_order(Candidate(0, one, None, "initial"), RacingSettings(seeds=0)) == (0,)
