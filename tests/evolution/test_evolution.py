import pytest
from draws import drive, tell_children

from lionsearch.catalog import load_program
from lionsearch.evolution import MUTATIONS, Candidate, Evolution, RacingSettings, SearchSettings
from lionsearch.graph import infer_kinds
from lionsearch.lang import parse

ONE = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * lr, m")
TWO = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.5)\n  return sign(m) * lr, m")
PLAIN = {"racing": RacingSettings(seeds=0), "parsimony": 0.0, "survival": "young", "islands": 1}
"""One score for each program, by which alone they are compared."""


def always_best(**sizes):
    """Settings with a tournament so large that the best individual always wins it."""
    return SearchSettings(**{**PLAIN, **sizes}).model_copy(update={"tournament": 300})  # more than people may ask for


def test_initial_programs_come_first_in_order_and_unchanged():
    search = Evolution([ONE, load_program("adamw")], SearchSettings(**PLAIN, population=4), seed=0)
    first, second = search.ask(), search.ask()
    assert (first.number, first.program, first.parent, first.change) == (0, ONE, None, "initial")
    assert second.program == load_program("adamw").inline_hyperparameters()
    assert (second.number, second.parent, second.change) == (1, None, "initial")


def test_children_name_their_parent_and_their_mutation():
    search = Evolution([ONE], SearchSettings(**PLAIN, population=3), seed=0)
    asked = drive(search, 60)
    assert [candidate.number for candidate in asked] == list(range(60))
    for child in asked[1:]:
        assert child.parent < child.number
        assert set(child.change.split(" + ")) <= {*MUTATIONS, "match", "rescale"}
        infer_kinds(child.program)


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
    search = Evolution([ONE, TWO], SearchSettings(**PLAIN, population=10), seed=0)
    assert {search.ask().parent for _ in range(40)} == {None, 0, 1}


def test_failed_candidates_never_win_against_scored_ones():
    search = Evolution([ONE], always_best(population=6), seed=0)
    tell_children(search, [None, -1e30])
    assert {candidate.parent for candidate in tell_children(search, [None] * 5)} == {1}


def test_where_all_failed_the_search_goes_on():
    search = Evolution([ONE], SearchSettings(**PLAIN, population=3, restart_after=4), seed=0)
    assert len(tell_children(search, [None] * 30)) == 30


def test_a_tournament_of_one_gives_everyone_a_child():
    search = Evolution([ONE], SearchSettings(**PLAIN, population=8, tournament=1), seed=0)
    tell_children(search, range(9))
    assert {search.ask().parent for _ in range(200)} == set(range(1, 9))


def test_a_tournament_of_two_prefers_the_better():
    search = Evolution([ONE], SearchSettings(**PLAIN, population=2, tournament=2), seed=0)
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


def test_asks_depend_on_what_was_told():
    one, other = (Evolution([ONE], SearchSettings(**PLAIN, population=5), seed=0) for _ in range(2))
    assert tell_children(one, range(10))[:2] == tell_children(other, range(10, 0, -1))[:2]
    assert [one.ask() for _ in range(20)] != [other.ask() for _ in range(20)]


def test_parents_come_from_the_childs_own_island():
    search = Evolution([ONE], always_best(population=4, islands=3, migrate_after=10**6), seed=0)
    asked = tell_children(search, [float(number) for number in range(60)])
    for child in asked[1:]:
        assert child.parent == 0 or child.parent % 3 == child.number % 3


def test_now_and_then_the_best_of_an_island_lives_on_the_next():
    search = Evolution([ONE], always_best(population=4, islands=3, migrate_after=12), seed=0)
    scores = [0.0, 1.0, 2.0, 9.0, *[0.5] * 8]  # candidate 3 is the best of island 0
    tell_children(search, scores)
    parents = {child.number % 3: child.parent for child in tell_children(search, [0.0] * 3)}
    assert parents[1] == 3
    assert parents[2] == 1  # which came from island 1


def test_the_worst_goes_where_the_best_survive():
    settings = {**PLAIN, "survival": "best"}
    search = Evolution([ONE], SearchSettings(**settings, population=3).model_copy(update={"tournament": 300}), seed=0)
    tell_children(search, [5.0, 1.0, 7.0, 6.0, None, 2.0, 0.0])
    later = tell_children(search, [3.0] * 20)
    assert {child.parent for child in later} == {2}  # the best stays for ever


def test_failures_and_what_is_worse_than_all_do_not_get_in():
    settings = {**PLAIN, "survival": "best"}
    search = Evolution([ONE], SearchSettings(**settings, population=3, tournament=1), seed=0)
    tell_children(search, [5.0, None, 7.0, 6.0, None, 2.0, 0.0])
    assert {child.parent for child in tell_children(search, [3.0] * 60)} == {0, 2, 3}


SHORT = parse("def train(w, g, m, lr):\n  return g * lr, m")
RACING = {"racing": RacingSettings(seeds=2, leaders=1, margin=0.0), "survival": "best", "islands": 1}


def raced(parsimony, told):
    """A search from a long and a short program, the first told with all seeds."""
    search = Evolution([TWO, SHORT], SearchSettings(**RACING, parsimony=parsimony), seed=0)
    for scores in told:
        search.tell(search.ask(), scores)
    return search


def test_a_shorter_program_goes_on_with_less():
    search = raced(0.1, [(0.5, 0.5)])
    hurdles = {program: search._islands[0].hurdles(Candidate(9, program, 0, "tune")) for program in (TWO, SHORT)}
    assert hurdles[TWO] == pytest.approx((0.5,))
    assert hurdles[SHORT] == pytest.approx((0.5 - 0.2,))  # two statements fewer


def test_the_shorter_program_wins_where_it_loses_less_than_its_statements_cost():
    told = [(0.5, 0.5), (0.4, 0.4)]
    best = [raced(parsimony, told)._islands[0].best().candidate.number for parsimony in (0.1, 0.01)]
    assert best == [1, 0]


def momentum(decay):
    return parse(f"def train(w, g, m, lr):\n  m = interp(g, m, {decay})\n  return m * lr, m")


def test_one_skeleton_does_not_fill_an_island():
    settings = SearchSettings(**{**PLAIN, "survival": "best"}, population=10, niche=2, tournament=1)
    search = Evolution([ONE], settings, seed=0)
    tell_children(search, [5.0])
    told = [(momentum(0.5), 7.0), (momentum(0.6), 6.0), (TWO, 1.0), (momentum(0.8), 6.5), (momentum(0.7), 0.5)]
    for number, (program, score) in enumerate(told, start=1):
        search.tell(Candidate(number, program, 0, "tune"), (score,))
    assert {search.ask().parent for _ in range(200)} == {1, 3, 4}  # the best two of one skeleton, and the other
