import random

import pytest
from draws import PARENT, children, eventually, is_valid, only
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import programs

from lionsearch.catalog.schema import parse_settings
from lionsearch.errors import SettingError
from lionsearch.evolution import MUTATIONS, MutationRates, MutationSettings, SearchSettings, mutate, random_program
from lionsearch.graph import find_live
from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS, parse

ALL_OPERATIONS = tuple(OPERATIONS)
LIVE = ("splice", "duplicate", "bypass", "operation", "exchange", "redirect", "crossover")
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
AHEAD = parse(
    "def train(w, g, m, lr, g_ahead, h, *, b1=0.9, rho=0.2):\n  m = interp(g_ahead, m, b1)\n  return m * h, m"
)


@pytest.mark.parametrize("change", LIVE)
@settings(max_examples=40)
@given(parent=programs(max_length=10) | programs(max_length=10, everything=True), seed=st.integers(0, 2**32))
def test_children_are_valid_and_alive(change, parent, seed):
    before = repr(parent)
    one_mutation = only(change, max_length=40, operations=ALL_OPERATIONS)
    child, name = mutate(parent, random.Random(seed), one_mutation, parent)
    assert repr(parent) == before
    assert is_valid(child)
    plain = parent.inline_hyperparameters()
    assert (child.state, child.optional_inputs, child.hyperparameters) == (
        plain.state,
        plain.optional_inputs,
        plain.hyperparameters,
    )
    if name == "none":
        assert child == plain
    else:
        assert name == change
        assert len(find_live(child).statements) == len(child.statements)


def test_without_a_mate_there_is_no_crossover():
    assert mutate(PARENT, random.Random(0), only("crossover")) == (PARENT, "none")
    names = {name for _, name in children(PARENT, MutationSettings(again=0.0, rescale=0.0, match=0.0), 300)}
    assert names == set(MUTATIONS) - {"insert", "delete", "change", "crossover"}


def test_the_number_of_mutations_is_geometric():
    settings = MutationSettings(again=0.25, rescale=0.0, match=0.0)
    counts = [len(change.split(" + ")) for _, change in children(PARENT, settings, 2000)]
    assert set(counts) >= {1, 2, 3, 4}
    assert 0.21 < sum(count > 1 for count in counts) / 2000 < 0.29
    assert 0.15 < sum(count > 2 for count in counts) / sum(count > 1 for count in counts) < 0.35


def test_some_children_have_another_learning_rate():
    settings = only("exchange").model_copy(update={"rescale": 0.5})
    parent = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return (m + w) * lr, m")
    names = [name for _, name in children(parent, settings, 400)]
    assert set(names) == {"exchange", "exchange + rescale"}
    assert 160 < names.count("exchange + rescale") < 240
    full = settings.model_copy(update={"max_length": len(parent.statements)})
    assert {name for _, name in children(parent, full, 50)} == {"exchange"}  # there is no room for the factor


def test_a_child_keeps_the_learning_rate_unless_it_need_not():
    parent = parse("def train(w, g, lr):\n  u = sign(g)\n  u = u * 0.1\n  return u * lr")
    kept = [child for child, _ in children(parent, only("bypass", "redirect", "operation"), 300)]
    assert all("lr" in find_live(child).reads for child in kept)
    free = only("bypass", "redirect", "operation", keep_rate=False)
    assert not all("lr" in find_live(child).reads for child, _ in children(parent, free, 300))
    without = parse("def train(w, g, lr): return g * 0.1")
    assert any("lr" not in find_live(child).reads for child, _ in children(without, only("tune"), 10))
    assert not SearchSettings(preset="paper").mutation.keep_rate


def test_the_papers_preset_has_its_three_mutations_one_at_a_time():
    paper = parse_settings({"preset": "paper"}, SearchSettings, "test")
    assert {name for _, name in children(PARENT, paper.mutation, 300)} == {"insert", "delete", "change"}
    assert (paper.racing.seeds, paper.parsimony) == (0, 0.0)


def test_a_preset_fills_in_only_what_is_not_given():
    given = {"preset": "paper", "mutation": {"rates": {"tune": 2.0}, "max_length": 7}, "racing": {"leaders": 3}}
    paper = parse_settings(given, SearchSettings, "test")
    assert (paper.mutation.rates.tune, paper.mutation.rates.insert, paper.mutation.rates.splice) == (2.0, 1.0, 0.0)
    assert (paper.mutation.max_length, paper.mutation.again, paper.mutation.rescale, paper.mutation.match) == (
        7,
        0.0,
        0.0,
        0.0,
    )
    assert (paper.racing.leaders, paper.racing.seeds) == (3, 0)
    assert parse_settings(paper.model_dump(), SearchSettings, "test") == paper


def test_hyperparameters_count_as_constants():
    parent = parse("def train(w, g, lr, *, decay=0.25): return g * decay")
    tuned = {child.statements[0].arguments[1] for child, _ in children(parent, only("tune", constants="paper"), 20)}
    assert len(tuned) == 20
    assert all(value > 0 for value in tuned)


def test_rates_decide_what_is_drawn():
    rates = MutationRates(**dict.fromkeys(MUTATIONS, 0.0) | {"insert": 1.0, "change": 1.0, "tune": 2.0})
    names = [
        name for _, name in children(PARENT, MutationSettings(rates=rates, again=0.0, rescale=0.0, match=0.0), 1000)
    ]
    assert set(names) == {"insert", "change", "tune"}
    assert names.count("tune") > names.count("insert") + 100


def test_the_same_stream_gives_the_same_child():
    for seed in range(50):
        once, again = (mutate(PARENT, random.Random(seed), MutationSettings(), PARENT) for _ in range(2))
        assert once == again


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"operations": ["sgn"]}, "unknown operation 'sgn'; did you mean 'sign'"),
        ({"operations": ["matmull"]}, "unknown operation 'matmull'; did you mean 'matmul'"),
        ({"operations": []}, "at least one operation"),
        ({"rates": dict.fromkeys(MUTATIONS, 0.0)}, "at least one mutation must have a rate above 0"),
        ({"rates": {"splise": 1.0}}, "did you mean 'splice'"),
        ({"constants": "normal"}, "'paper' or 'mixed'"),
        ({"again": 1.0}, "less than 1"),
        ({"rates": {"insert": -1.0}}, "greater than or equal to 0"),
        ({"max_length": 0}, "greater than 0"),
        ({"constant_probability": 1.5}, "at most 1"),
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
