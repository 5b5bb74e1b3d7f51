"""Parents, settings and draws that the tests of mutations and searches share."""

import random
from collections import deque

import pytest

from lionsearch.evolution import MUTATIONS, MutationRates, MutationSettings, mutate
from lionsearch.graph import KindError, infer_kinds
from lionsearch.lang import parse

PARENT = parse(
    "def train(w, g, m, lr, *, decay=0.1):\n"
    "  x = g * 0.5\n"
    "  m = interp(g, m, 0.9)\n"
    "  n = norm(m)\n"
    "  u = m + x\n"
    "  u = u + w * decay\n"
    "  return u, m"
).inline_hyperparameters()
PLACES = range(len(PARENT.statements))


def only(*changes, **settings):
    """Settings with these mutations alone, one for each child."""
    rates = dict.fromkeys(MUTATIONS, 0.0) | dict.fromkeys(changes, 1.0)
    return MutationSettings(rates=MutationRates(**rates), again=0.0, rescale=0.0, match=0.0, **settings)


def children(parent, settings, count):
    for seed in range(count):
        yield mutate(parent, random.Random(seed), settings)


def eventually(draw, allowed, required, most=20_000):
    """Every draw is allowed, and every required outcome comes up among the draws."""
    missing = set(required)
    for seed in range(most):
        outcome = draw(random.Random(seed))
        assert allowed(outcome), f"seed {seed} gave {outcome}"
        missing.discard(outcome)
        if not missing:
            return
    pytest.fail(f"{most} draws never gave {sorted(map(str, missing))}")


def is_valid(program):
    try:
        infer_kinds(program)
    except KindError:
        return False
    return True


def tell_children(search, scores):
    """Ask and tell once for each score, None for a failure; return the candidates."""
    candidates = []
    for score in scores:
        candidates.append(search.ask())
        search.tell(candidates[-1], () if score is None else (score,))
    return candidates


def made_up_scores(candidate):
    """Scores that are a function of the program alone, as many as there are seeds; none for some."""
    rng = random.Random(repr(candidate.program))
    value = rng.random()
    if value < 0.2:
        return ()
    scores = []
    for hurdle in (*(candidate.hurdles or ()), None):
        scores.append(value + rng.gauss(0.0, 0.1))
        if hurdle is not None and sum(scores) / len(scores) < hurdle:
            break
    return tuple(scores)


def drive(search, count, window=1):
    """Ask for so many candidates, `window` of them in flight, with made-up scores."""
    asked, pending = [], deque()
    while len(asked) < count:
        while len(pending) < window:
            pending.append(search.ask())
            asked.append(pending[-1])
        head = pending.popleft()
        search.tell(head, made_up_scores(head))
    return asked
