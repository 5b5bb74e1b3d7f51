import random
from collections import deque

import numpy as np
import pytest

from lionsearch.analysis import infer_kinds, remove_dead_code
from lionsearch.catalog import load_program
from lionsearch.errors import SettingError
from lionsearch.lang import parse
from lionsearch.search import Candidate, Evolution, RandomSearch, SearchSettings, make_search
from lionsearch.settings import parse_settings

ONE = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * lr, m")
TWO = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.5)\n  return sign(m) * lr, m")
ALGORITHMS = ("evolution", "random", "tuning")


def always_best(**sizes):
    """Settings with a tournament so large that the best individual always wins it."""
    return SearchSettings(tournament=300, **sizes)


def tell_children(search, scores):
    """Ask and tell once for each score; return the candidates."""
    candidates = []
    for score in scores:
        candidates.append(search.ask())
        search.tell(candidates[-1], score)
    return candidates


def made_up_score(candidate):
    """A score that is a function of the program alone; None for some."""
    value = random.Random(repr(candidate.program)).random()
    return None if value < 0.2 else value


def drive(search, count, window=1):
    """Ask for so many candidates, `window` of them in flight, with made-up scores."""
    asked, pending = [], deque()
    while len(asked) < count:
        while len(pending) < window:
            pending.append(search.ask())
            asked.append(pending[-1])
        head = pending.popleft()
        search.tell(head, made_up_score(head))
    return asked


def test_initial_programs_come_first_in_order_and_unchanged():
    search = Evolution([ONE, load_program("adamw")], SearchSettings(population=4), seed=0)
    first, second = search.ask(), search.ask()
    assert (first.number, first.program, first.parent, first.change) == (0, ONE, None, "initial")
    assert second.program == load_program("adamw").inline_hyperparameters()
    assert (second.number, second.parent, second.change) == (1, None, "initial")


def test_children_name_their_parent_and_their_mutation():
    search = Evolution([ONE], SearchSettings(population=3), seed=0)
    asked = drive(search, 60)
    assert [candidate.number for candidate in asked] == list(range(60))
    for child in asked[1:]:
        assert child.parent < child.number
        assert child.change in ("insert", "delete", "change")
        infer_kinds(child.program)
        assert child.program != asked[child.parent].program


def test_the_winner_stays_until_as_many_younger_ones_came():
    search = Evolution([ONE], always_best(population=5), seed=1)
    tell_children(search, [0.0, 10.0])
    parents = [candidate.parent for candidate in tell_children(search, [1.0] * 6)]
    assert parents[:5] == [1] * 5  # the fifth was asked for before it was told
    assert parents[5] != 1


def test_the_initial_population_is_copies_in_turn():
    search = Evolution([ONE, TWO], always_best(population=4), seed=0)
    tell_children(search, [1.0, 2.0])
    parents = [candidate.parent for candidate in tell_children(search, [0.0] * 5)]
    assert parents[:4] == [1] * 4  # the copies go in the order ONE, TWO, ONE, TWO
    assert parents[4] > 1


def test_before_any_score_every_initial_program_is_a_parent():
    search = Evolution([ONE, TWO], SearchSettings(population=10), seed=0)
    assert {search.ask().parent for _ in range(40)} == {None, 0, 1}


def test_failed_candidates_never_win_against_scored_ones():
    search = Evolution([ONE], always_best(population=6), seed=0)
    tell_children(search, [None, -1e30])
    assert {candidate.parent for candidate in tell_children(search, [None] * 5)} == {1}


def test_where_all_failed_the_search_goes_on():
    search = Evolution([ONE], SearchSettings(population=3, restart_after=4), seed=0)
    assert len(tell_children(search, [None] * 30)) == 30


def test_a_tournament_of_one_gives_everyone_a_child():
    search = Evolution([ONE], SearchSettings(population=8, tournament=1), seed=0)
    tell_children(search, range(9))
    assert {search.ask().parent for _ in range(200)} == set(range(1, 9))


def test_a_tournament_of_two_prefers_the_better():
    search = Evolution([ONE], SearchSettings(population=2, tournament=2), seed=0)
    tell_children(search, [0.0, 5.0, 1.0])
    parents = [search.ask().parent for _ in range(400)]
    assert set(parents) == {1, 2}
    assert 250 < parents.count(1) < 350  # three quarters


def test_a_restart_brings_the_best_back():
    search = Evolution([ONE], always_best(population=2, restart_after=5), seed=0)
    tell_children(search, [0.0, 10.0])
    parents = [candidate.parent for candidate in tell_children(search, [1.0] * 7)]
    assert parents[:2] == [1, 1]
    assert 1 not in parents[2:5]
    assert parents[5:] == [1, 1]


def test_an_improvement_puts_the_restart_off():
    search = Evolution([ONE], always_best(population=2, restart_after=5), seed=0)
    tell_children(search, [0.0, 10.0, 1.0, 1.0, 1.0, 11.0])
    parents = [candidate.parent for candidate in tell_children(search, [1.0] * 7)]
    assert parents[5:] == [5, 5]


def test_random_search_learns_nothing():
    one, other = (RandomSearch([ONE], SearchSettings(), seed=3) for _ in range(2))
    assert one.ask() == other.ask() == Candidate(0, ONE.inline_hyperparameters(), None, "initial")
    asked = tell_children(one, [None] * 50)
    assert asked == tell_children(other, range(50))
    assert {(candidate.parent, candidate.change) for candidate in asked} == {(None, "random")}
    assert len({candidate.program for candidate in asked}) == 50
    assert all(candidate.program.slots == ONE.slots for candidate in asked)


def test_tuning_changes_constants_only():
    initial = load_program("adamw")
    shape = _without_constants(initial.inline_hyperparameters())
    asked = drive(make_search([initial], SearchSettings(algorithm="tuning", population=5), seed=0), 100)
    assert {candidate.change for candidate in asked} == {"initial", "tune"}
    assert {_without_constants(candidate.program) for candidate in asked} == {shape}
    assert len({candidate.program for candidate in asked}) == 100


def _without_constants(program):
    return tuple(
        (s.target, s.operation, tuple(a if isinstance(a, str) else "constant" for a in s.arguments))
        for s in program.statements
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("window", [1, 7])
def test_the_same_seed_asks_the_same(algorithm, window):
    settings = SearchSettings(algorithm=algorithm, population=5, restart_after=20)
    one = drive(make_search([ONE, TWO], settings, seed=1), 80, window)
    random.seed(5)
    np.random.seed(5)
    assert drive(make_search([ONE, TWO], settings, seed=1), 80, window) == one
    assert drive(make_search([ONE, TWO], settings, seed=2), 80, window) != one


def test_asks_depend_on_what_was_told():
    one, other = (Evolution([ONE], SearchSettings(population=5), seed=0) for _ in range(2))
    assert tell_children(one, range(10))[:2] == tell_children(other, range(10, 0, -1))[:2]
    assert [one.ask() for _ in range(20)] != [other.ask() for _ in range(20)]


@pytest.mark.parametrize("seed", range(3))
def test_evolution_beats_random_search(seed):
    found = {}
    for algorithm in ("evolution", "random"):
        settings = SearchSettings(algorithm=algorithm, population=50, tournament=5)
        search = make_search([load_program("adamw")], settings, seed)
        found[algorithm] = max(_tell_live_operations(search) for _ in range(1500))
    assert found["evolution"] >= found["random"] + 4


def _tell_live_operations(search):
    """Ask, and tell how many different operations the update depends on."""
    candidate = search.ask()
    score = len({statement.operation for statement in remove_dead_code(candidate.program).statements})
    search.tell(candidate, score)
    return score


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"algorithm": "evolutoin"}, "'evolution', 'random' or 'tuning'"),
        ({"population": 0}, "greater than 0"),
        ({"tournament": 2.5}, "valid integer"),
        ({"tournamnet": 2}, "did you mean 'tournament'"),
        ({"mutation": {"rate": {}}}, "unknown setting 'mutation.rate'; did you mean 'rates'"),
    ],
)
def test_settings_that_cannot_be(content, message):
    with pytest.raises(SettingError, match=message):
        parse_settings(content, SearchSettings, "here")
