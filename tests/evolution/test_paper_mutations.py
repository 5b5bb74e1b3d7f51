import math
import random
from dataclasses import replace

import pytest
from draws import PARENT, PLACES, children, eventually, is_valid, only
from hypothesis import given
from hypothesis import strategies as st
from strategies import programs

from lionsearch.catalog.schema import parse_settings
from lionsearch.evolution import SearchSettings, mutate
from lionsearch.graph import infer_kinds, initial_kinds
from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS, Program, Statement, parse

PAPER = parse_settings({"preset": "paper"}, SearchSettings, "test").mutation


def inserted(parent, child):
    """Return (place, statement) of the insertion; the last place where several fit."""
    assert len(child.statements) == len(parent.statements) + 1
    for place in reversed(range(len(child.statements))):
        if child.statements[:place] + child.statements[place + 1 :] == parent.statements:
            return place, child.statements[place]
    return None


def changed(parent, child):
    """Return (place, position, old, new) of the only argument that differs."""
    assert len(child.statements) == len(parent.statements)
    places = [i for i, (a, b) in enumerate(zip(parent.statements, child.statements, strict=True)) if a != b]
    assert len(places) == 1
    old, new = parent.statements[places[0]], child.statements[places[0]]
    assert (old.target, old.operation) == (new.target, new.operation)
    pairs = list(zip(old.arguments, new.arguments, strict=True))
    positions = [i for i, (a, b) in enumerate(pairs) if a != b or type(a) is not type(b)]
    assert len(positions) == 1
    return places[0], positions[0], *pairs[positions[0]]


def with_argument(place, position, argument):
    statements = list(PARENT.statements)
    old = statements[place]
    arguments = (*old.arguments[:position], argument, *old.arguments[position + 1 :])
    statements[place] = Statement(old.target, old.operation, arguments)
    return replace(PARENT, statements=tuple(statements))


CONTRACTS = {
    "insert": lambda parent, child: inserted(parent, child) is not None,
    "delete": lambda parent, child: inserted(child, parent) is not None,
    "change": lambda parent, child: bool(changed(parent, child)),
    "tune": lambda parent, child: all(isinstance(value, float) for value in changed(parent, child)[2:]),
}


ALL_OPERATIONS = tuple(OPERATIONS)


@pytest.mark.parametrize("operations", [PAPER_OPERATIONS, ALL_OPERATIONS], ids=["paper", "all"])
@pytest.mark.parametrize("change", CONTRACTS)
@given(parent=programs(max_length=10) | programs(max_length=10, everything=True), seed=st.integers(0, 2**32))
def test_every_draw_keeps_the_contract_and_the_parent(change, operations, parent, seed):
    before = repr(parent)
    child, name = mutate(parent, random.Random(seed), only(change, max_length=40, operations=operations))
    assert repr(parent) == before
    assert is_valid(child)
    assert child.hyperparameters == ()
    plain = parent.inline_hyperparameters()
    assert (child.state, child.optional_inputs) == (plain.state, plain.optional_inputs)
    assert name in (change, "none")
    if name == "none":
        assert child.statements == plain.statements
    else:
        assert CONTRACTS[change](plain, child)


def test_insertions_reach_every_place():
    draw = lambda rng: inserted(PARENT, mutate(PARENT, rng, only("insert"))[0])[0]  # noqa: E731
    eventually(draw, lambda place: 0 <= place <= len(PARENT.statements), range(len(PARENT.statements) + 1))


def test_insertions_reach_every_operation_and_no_other():
    draw = lambda rng: inserted(PARENT, mutate(PARENT, rng, only("insert"))[0])[1].operation  # noqa: E731
    eventually(draw, PAPER_OPERATIONS.__contains__, PAPER_OPERATIONS)
    few = ("sign", "interp")
    draw = lambda rng: inserted(PARENT, mutate(PARENT, rng, only("insert", operations=few))[0])[1].operation  # noqa: E731
    eventually(draw, few.__contains__, few)


MATRICES = parse(
    "def train(w, g, l: left, q: right, r: row, lr, t):\n"
    "  x = transpose(g)\n"
    "  l = l + matmul(g, x)\n"
    "  q = q + matmul(x, g)\n"
    "  r = r + column_mean(g * g)\n"
    "  u = matmul(inverse_root(l, 4), g)\n"
    "  u = matmul(u, inverse_root(q, 4))\n"
    "  return u / sqrt(r) * lr, l, q, r"
)


def test_insertions_reach_every_operation_that_is_asked_for():
    settings = only("insert", operations=ALL_OPERATIONS)
    draw = lambda rng: inserted(MATRICES, mutate(MATRICES, rng, settings)[0])[1].operation  # noqa: E731
    eventually(draw, ALL_OPERATIONS.__contains__, ALL_OPERATIONS)


def test_insertions_of_products_have_every_signature():
    settings = only("insert", operations=("matmul",))
    known = initial_kinds(MATRICES) | {
        statement.target: kind for statement, kind in zip(MATRICES.statements, infer_kinds(MATRICES), strict=True)
    }

    def draw(rng):
        _, statement = inserted(MATRICES, mutate(MATRICES, rng, settings)[0])
        return tuple(known[argument] for argument in statement.arguments)

    signatures = OPERATIONS["matmul"].signatures
    eventually(draw, signatures.__contains__, signatures)


def test_changes_keep_kinds_of_slots_valid():
    settings = only("insert", "delete", "change", operations=ALL_OPERATIONS)
    assert {name for _, name in children(MATRICES, settings, 200)} == {"insert", "delete", "change"}
    for child, _ in children(MATRICES, settings, 200):
        assert is_valid(child)
        assert (child.state, child.optional_inputs) == (MATRICES.state, MATRICES.optional_inputs)


AHEAD = parse(
    "def train(w, g, m, lr, g_ahead, h, *, b1=0.9, rho=0.2):\n  m = interp(g_ahead, m, b1)\n  return m * h, m"
)


@pytest.mark.parametrize("change", CONTRACTS)
def test_how_inputs_are_computed_is_inherited(change):
    for child, name in children(AHEAD, only(change), 100):
        assert name == change
        assert child.hyperparameters == (("rho", 0.2),)
        assert child.settings == {"rho": 0.2, "hessian_every": 1.0}
        assert child.optional_inputs == ("g_ahead", "h")


def test_insertions_write_new_and_old_names():
    draw = lambda rng: inserted(PARENT, mutate(PARENT, rng, only("insert"))[0])[1].target  # noqa: E731
    old = {"w", "g", "m", "lr", "x", "n", "v1", "u"}
    eventually(draw, lambda name: name in old or name == "v2", {*old, "v2"})


def test_insertions_read_constants_and_every_variable_that_has_a_value():
    def draw(rng):
        place, statement = inserted(PARENT, mutate(PARENT, rng, only("insert", operations=("add",)))[0])
        argument = rng.choice(statement.arguments)
        return place, "a constant" if isinstance(argument, float) else argument

    known = [{"a constant", "w", "g", "m", "lr"}]
    for statement in PARENT.statements:
        known.append(known[-1] | {statement.target})
    pairs = {(place, name) for place, names in enumerate(known) for name in names}
    eventually(draw, pairs.__contains__, pairs)


def test_no_constants_where_their_probability_is_zero():
    for child, _ in children(PARENT, only("insert", constant_probability=0.0), 300):
        assert not any(isinstance(argument, float) for argument in inserted(PARENT, child)[1].arguments)


def test_deletions_reach_every_statement_that_can_go():
    fewer = [replace(PARENT, statements=PARENT.statements[:i] + PARENT.statements[i + 1 :]) for i in PLACES]
    valid = {program for program in fewer if is_valid(program)}
    assert 1 < len(valid) < len(fewer)
    eventually(lambda rng: mutate(PARENT, rng, only("delete"))[0], valid.__contains__, valid)


def test_changes_reach_every_argument_and_every_variable_that_fits():
    names = ("w", "g", "m", "lr", "x", "n", "v1", "u")
    arguments = [(i, j, old) for i in PLACES for j, old in enumerate(PARENT.statements[i].arguments)]
    fitting = {
        (i, j, name) for i, j, old in arguments for name in names if name != old and is_valid(with_argument(i, j, name))
    }
    takes_constants = {(i, j, "a constant") for i, j, _ in arguments if is_valid(with_argument(i, j, 0.25))}

    def draw(rng):
        place, position, _, new = changed(PARENT, mutate(PARENT, rng, only("change"))[0])
        return place, position, "a constant" if isinstance(new, float) else new

    eventually(draw, (fitting | takes_constants).__contains__, fitting | takes_constants)


def test_a_changed_constant_is_rescaled_or_drawn_anew():
    news = [changed(PARENT, child) for child, _ in children(PARENT, only("change"), 3000)]
    constants = [new for place, position, _, new in news if (place, position) == (0, 1) and isinstance(new, float)]
    assert any(new < 0 for new in constants)  # anew
    assert any(new > 0 for new in constants)


def test_tuning_rescales_each_constant_up_and_down():
    def draw(rng):
        place, position, old, new = changed(PARENT, mutate(PARENT, rng, only("tune", constants="paper"))[0])
        assert math.isfinite(new)
        return place, position, old, "up" if new / old > 1 else "down" if 0 < new / old < 1 else "wrong"

    constants = [
        (i, j, a) for i in PLACES for j, a in enumerate(PARENT.statements[i].arguments) if isinstance(a, float)
    ]
    outcomes = {(*constant, way) for constant in constants for way in ("up", "down")}
    assert len(outcomes) == 6
    eventually(draw, outcomes.__contains__, outcomes)


def test_a_program_at_the_maximum_length_does_not_grow():
    at_most = PAPER.model_copy(update={"max_length": len(PARENT.statements)})
    names = {name for child, name in children(PARENT, at_most, 500)}
    assert names == {"delete", "change"}
    assert mutate(PARENT, random.Random(0), only("insert", max_length=len(PARENT.statements))) == (PARENT, "none")


def test_a_single_statement_stays():
    single = parse("def train(w, g, lr): return g * lr")
    assert {name for _, name in children(single, PAPER, 300)} == {"insert", "change"}
    assert mutate(single, random.Random(0), only("delete")) == (single, "none")


def test_a_program_without_statements_can_only_grow():
    empty = Program((), "g")
    assert {name for _, name in children(empty, PAPER, 300)} == {"insert"}
    assert mutate(empty, random.Random(0), only("tune")) == (empty, "none")


def test_no_constant_to_tune():
    for text in ("def train(w, g, lr): return g * lr", "def train(w, g, lr): return g * 0.0"):
        assert mutate(parse(text), random.Random(0), only("tune", constants="paper"))[1] == "none"
