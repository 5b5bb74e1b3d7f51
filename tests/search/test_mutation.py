import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import programs

from lionsearch.analysis import KindError, infer_kinds, initial_kinds
from lionsearch.errors import SettingError
from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS, Program, Statement, parse
from lionsearch.search import MutationRates, MutationSettings, mutate, random_program
from lionsearch.settings import parse_settings

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


def only(change, **settings):
    rates = dict.fromkeys(("insert", "delete", "change", "tune"), 0.0) | {change: 1.0}
    return MutationSettings(rates=MutationRates(**rates), **settings)


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
    names = {name for child, name in children(MATRICES, MutationSettings(operations=ALL_OPERATIONS), 200)}
    assert names == {"insert", "delete", "change"}
    for child, _ in children(MATRICES, MutationSettings(operations=ALL_OPERATIONS), 200):
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
        place, position, old, new = changed(PARENT, mutate(PARENT, rng, only("tune"))[0])
        assert math.isfinite(new)
        return place, position, old, "up" if new / old > 1 else "down" if 0 < new / old < 1 else "wrong"

    constants = [
        (i, j, a) for i in PLACES for j, a in enumerate(PARENT.statements[i].arguments) if isinstance(a, float)
    ]
    outcomes = {(*constant, way) for constant in constants for way in ("up", "down")}
    assert len(outcomes) == 6
    eventually(draw, outcomes.__contains__, outcomes)


def test_a_program_at_the_maximum_length_does_not_grow():
    at_most = MutationSettings(max_length=len(PARENT.statements))
    names = {name for child, name in children(PARENT, at_most, 500)}
    assert names == {"delete", "change"}
    assert mutate(PARENT, random.Random(0), only("insert", max_length=len(PARENT.statements))) == (PARENT, "none")


def test_a_single_statement_stays():
    single = parse("def train(w, g, lr): return g * lr")
    assert {name for _, name in children(single, MutationSettings(), 300)} == {"insert", "change"}
    assert mutate(single, random.Random(0), only("delete")) == (single, "none")


def test_a_program_without_statements_can_only_grow():
    empty = Program((), "g")
    assert {name for _, name in children(empty, MutationSettings(), 300)} == {"insert"}
    assert mutate(empty, random.Random(0), only("tune")) == (empty, "none")


def test_no_constant_to_tune():
    for text in ("def train(w, g, lr): return g * lr", "def train(w, g, lr): return g * 0.0"):
        assert mutate(parse(text), random.Random(0), only("tune"))[1] == "none"


def test_hyperparameters_count_as_constants():
    parent = parse("def train(w, g, lr, *, decay=0.25): return g * decay")
    tuned = {child.statements[0].arguments[1] for child, _ in children(parent, only("tune"), 20)}
    assert len(tuned) == 20
    assert all(value > 0 for value in tuned)


def test_rates_decide_what_is_drawn():
    rates = MutationRates(insert=1.0, delete=0.0, change=1.0, tune=2.0)
    names = [name for _, name in children(PARENT, MutationSettings(rates=rates), 1000)]
    assert set(names) == {"insert", "change", "tune"}
    assert names.count("tune") > names.count("insert") + 100


def test_the_same_stream_gives_the_same_child():
    for seed in range(50):
        once, again = (mutate(PARENT, random.Random(seed), MutationSettings()) for _ in range(2))
        assert once == again


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"operations": ["sgn"]}, "unknown operation 'sgn'; did you mean 'sign'"),
        ({"operations": ["matmull"]}, "unknown operation 'matmull'; did you mean 'matmul'"),
        ({"operations": []}, "at least one operation"),
        ({"rates": {"insert": 0.0, "delete": 0.0, "change": 0.0}}, "at least one mutation must have a rate above 0"),
        ({"rates": {"insert": -1.0}}, "greater than or equal to 0"),
        ({"max_length": 0}, "greater than 0"),
        ({"constant_probability": 1.5}, "less than or equal to 1"),
        ({"max_lenght": 5}, "did you mean 'max_length'"),
    ],
)
def test_settings_that_cannot_be(content, message):
    with pytest.raises(SettingError, match=message):
        parse_settings(content, MutationSettings, "here")


def test_random_programs_are_valid_and_of_every_length():
    def draw(rng):
        program = random_program(PARENT, rng, MutationSettings())
        assert is_valid(program)
        assert (program.slots, program.optional_inputs) == (PARENT.slots, PARENT.optional_inputs)
        assert program.hyperparameters == ()
        return len(program.statements)

    lengths = range(2, 2 * len(PARENT.statements) + 1)
    eventually(draw, lengths.__contains__, lengths, most=2000)


def test_random_programs_keep_kinds_of_slots_and_how_inputs_are_computed():
    for template in (MATRICES, AHEAD):
        for seed in range(100):
            program = random_program(template, random.Random(seed), MutationSettings(operations=ALL_OPERATIONS))
            assert is_valid(program)
            assert program.state == template.state
            assert program.settings == template.settings
            assert program.hyperparameters == template.inline_hyperparameters().hyperparameters


def test_random_programs_hold_every_operation():
    drawn = [random_program(PARENT, random.Random(seed), MutationSettings()) for seed in range(400)]
    assert {statement.operation for program in drawn for statement in program.statements} == set(PAPER_OPERATIONS)


@pytest.mark.parametrize("longest", [1, 2, 5])
def test_random_programs_respect_the_maximum_length(longest):
    settings = MutationSettings(max_length=longest)
    lengths = {len(random_program(PARENT, random.Random(seed), settings).statements) for seed in range(100)}
    assert lengths == set(range(min(2, longest), longest + 1))
