import hashlib
import math
import random
from collections import deque

import numpy as np
import pytest
from draws import drive, tell_children
from sampling import every

from lionsearch.catalog import load_program
from lionsearch.catalog.schema import parse_settings
from lionsearch.evolution import Candidate, MutationSettings, RacingSettings, RandomSearch, SearchSettings, make_search
from lionsearch.graph import remove_dead_code
from lionsearch.lang import format_program, parse

ONE = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * lr, m")
TWO = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.5)\n  return sign(m) * lr, m")
ALGORITHMS = ("evolution", "random", "tuning")


def test_random_search_learns_nothing():
    one, other = (RandomSearch([ONE], SearchSettings(), seed=3) for _ in range(2))
    assert one.ask() == other.ask() == Candidate(0, ONE.inline_hyperparameters(), None, "initial", (-math.inf,) * 7)
    asked = tell_children(one, [None] * 50)
    assert asked == tell_children(other, range(50))
    assert {(candidate.parent, candidate.change) for candidate in asked} == {(None, "random")}
    assert len({candidate.program for candidate in asked}) == 50
    assert all(candidate.program.slots == ONE.slots for candidate in asked)


def test_tuning_changes_constants_only():
    initial = load_program("adamw")
    shape = _without_constants(initial.inline_hyperparameters())
    asked = drive(make_search([initial], SearchSettings(algorithm="tuning", population=5), seed=0), 100)
    assert {part for candidate in asked for part in candidate.change.split(" + ")} == {
        "initial",
        "tune",
        "match",
        "rescale",
    }
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


@pytest.mark.thorough
@pytest.mark.parametrize("seed", every(2, [0, 1, 2]))
def test_evolution_beats_random_search(seed):
    found = {}
    mutation = MutationSettings(match=0.0)
    for algorithm in ("evolution", "random"):
        settings = SearchSettings(
            algorithm=algorithm, population=50, tournament=5, racing=RacingSettings(seeds=0), mutation=mutation
        )
        search = make_search([load_program("adamw")], settings, seed)
        found[algorithm] = max(_tell_live_operations(search) for _ in range(700))
    assert found["evolution"] >= found["random"] + 3


def _tell_live_operations(search):
    """Ask, and tell how many different operations the update depends on."""
    candidate = search.ask()
    score = len({statement.operation for statement in remove_dead_code(candidate.program).statements})
    search.tell(candidate, (score,))
    return score


@pytest.mark.parametrize(("seed", "recorded"), [(0, "d9dc9866bfd221f0"), (1, "8fd5029a15aabb03")])
def test_the_papers_preset_is_the_search_of_version_0_2(seed, recorded):
    given = {"preset": "paper", "population": 60, "tournament": 3, "restart_after": 150}
    search = make_search([load_program("adamw")], parse_settings(given, SearchSettings, "test"), seed)
    digest, pending = hashlib.sha256(), deque()
    for _ in range(1500):
        while len(pending) < 7:
            pending.append(search.ask())
        told = pending.popleft()
        text = format_program(told.program)
        digest.update(f"{told.number}|{told.parent}|{told.change}|{text}\n".encode())
        score = random.Random(text).random()
        search.tell(told, () if score < 0.2 else (score,))
    assert digest.hexdigest()[:16] == recorded
