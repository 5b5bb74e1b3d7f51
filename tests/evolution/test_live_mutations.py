import itertools
import math
import random
from dataclasses import replace

import pytest
from draws import eventually
from hypothesis import given
from hypothesis import strategies as st
from strategies import programs

from lionsearch.evolution import MutationSettings
from lionsearch.evolution.constant_draws import draw_factor
from lionsearch.evolution.editing import close_program, open_program
from lionsearch.evolution.live_mutations import (
    bypass,
    crossover,
    duplicate,
    exchange,
    operation,
    redirect,
    rescale,
    splice,
)
from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS, format_program, parse

SETTINGS = MutationSettings()
PARENT = parse("def train(w, g, m, v, lr):\n  m = interp(g, m, 0.9)\n  u = m / norm(g)\n  return u * lr, m, v")
LIVE = open_program(PARENT)
NODES = LIVE.graph.nodes


def text(graph):
    """The statements of a graph, as one line."""
    lines = [line.strip() for line in format_program(close_program(graph)).splitlines()[1:]]
    return "; ".join(line for line in lines if line)


def draws(mutation, live=LIVE, settings=SETTINGS, count=600):
    """The graphs that a mutation gives; it may also give None."""
    found = [mutation(live, random.Random(seed), settings) for seed in range(count)]
    return [graph for graph in found if graph is not None]


def all_arguments(graph):
    """Arguments by (place, position), the outputs last."""
    each = [*(node.arguments for node in graph.nodes), (graph.update, *graph.slots)]
    return {(i, j): value for i, arguments in enumerate(each) for j, value in enumerate(arguments)}


def without(graph, place, instead):
    """The graph without a node, its uses reading something else."""

    def moved(value):
        if not isinstance(value, int):
            return value
        return instead if value == place else value - (value > place)

    nodes = [node.map(moved) for i, node in enumerate(graph.nodes) if i != place]
    outputs = [moved(value) for value in (graph.update, *graph.slots)]
    return replace(graph, nodes=tuple(nodes), update=outputs[0], slots=tuple(outputs[1:]))


def differing(one, other):
    """The places at which two graphs of as many nodes differ in an argument."""
    ours, theirs = all_arguments(one), all_arguments(other)
    return {place for place in ours if ours[place] != theirs.get(place)}


def new_node(parent, child):
    """(place of the node that is new, what its uses would have to read for the parent to come back)."""
    assert len(child.nodes) == len(parent.nodes) + 1
    for place, node in enumerate(child.nodes):
        for instead in (*node.arguments, *range(len(child.nodes)), *LIVE.leaves):
            if isinstance(instead, int) and instead >= place:
                instead -= 1
            shorter = without(child, place, instead)
            same = (shorter.nodes, shorter.update, shorter.slots[0]) == (parent.nodes, parent.update, parent.slots[0])
            if same:
                return place, instead
    return None


def test_a_splice_puts_a_statement_between_a_value_and_one_use():
    for child in draws(splice):
        place, value = new_node(LIVE.graph, child)
        node = child.nodes[place]
        readers = [at for at, argument in all_arguments(child).items() if argument == place]
        in_slot = child.slots[1] == place
        assert len(readers) == 1 + in_slot
        shown = [a - 1 if isinstance(a, int) and a > place else a for a in node.arguments]
        assert value in shown
        if not in_slot:
            assert without(child, place, value) == LIVE.graph


def test_a_splice_reaches_every_use_with_every_operation():
    def draw(rng):
        graph = splice(LIVE, rng, SETTINGS)
        if graph is None:
            return None
        place, value = new_node(LIVE.graph, graph)
        return graph.nodes[place].operation, value

    possible = [name for name in PAPER_OPERATIONS if OPERATIONS[name].arity]
    assert len(possible) == 42
    values = {read.value for read in LIVE.reads}
    pairs = {("sign", value) for value in values} | {(name, 0) for name in possible}
    eventually(draw, lambda pair: pair is None or pair[0] in possible, pairs)


def test_a_splice_may_keep_its_value_in_a_slot_that_nothing_reads():
    kept = [child for child in draws(splice) if child.slots[1] != "v"]
    assert 30 < len(kept) < 300
    assert any("v" in node.arguments for child in kept for node in child.nodes)  # an average of its own
    full = open_program(parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * lr, m"))
    assert all(
        child.slots == (place + 1,) for place, child in ((c.slots[0] - 1, c) for c in draws(splice, full, count=50))
    )


def test_sign_before_the_learning_rate_comes_at_once():
    adamw = open_program(parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * lr, m"))
    wanted = "m = interp(g, m, 0.9); v1 = sign(m); v1 = v1 * lr; return v1, m"
    found = [text(child) for child in draws(splice, adamw, count=3000)]
    assert found.count(wanted) > 3


def test_a_duplicate_is_a_copy_with_one_change_that_one_use_reads():
    for child in draws(duplicate):
        for place, node in enumerate(child.nodes[:-1]):
            original = child.nodes[place + 1]
            shorter = without(child, place, place)
            if shorter.nodes and (node.operation, node.name) == (original.operation, original.name):
                changed = [a for a, b in zip(node.arguments, original.arguments, strict=True) if a != b]
                if shorter == LIVE.graph and len(changed) == 1:
                    break
        else:
            pytest.fail(f"no copy in {child}")
        assert sum(value == place for value in all_arguments(child).values()) == 1


def test_duplicating_a_momentum_gives_two_decay_rates():
    signum = open_program(parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return sign(m) * lr, m"))
    lions = [child for child in draws(duplicate, signum) if text(child).count("interp(g, m, ") == 2]
    assert len(lions) > 20
    update_reads_copy = [child for child in lions if child.slots[0] != child.nodes[2].arguments[0]]
    assert len(update_reads_copy) == len(lions)


def test_a_bypass_lets_the_uses_of_a_statement_read_one_of_its_arguments():
    allowed = {
        text(without(LIVE.graph, place, argument)) for place, node in enumerate(NODES) for argument in node.arguments
    }
    assert {text(child) for child in draws(bypass)} == allowed
    assert len(allowed) == 8


def test_another_operation_keeps_the_arguments_that_it_has_room_for():
    def draw(rng):
        child = operation(LIVE, rng, SETTINGS)
        if child is None:  # the same operation again
            return None
        places = [i for i, (a, b) in enumerate(zip(NODES, child.nodes, strict=True)) if a != b]
        assert len(places) == 1
        old, new = NODES[places[0]], child.nodes[places[0]]
        assert new.name == old.name
        assert len(new.arguments) == OPERATIONS[new.operation].arity
        fewer, more = sorted((old.arguments, new.arguments), key=len)
        assert fewer in set(itertools.combinations(more, len(fewer)))
        return places[0], new.operation

    allowed = {(i, name) for i, node in enumerate(NODES) for name in PAPER_OPERATIONS if name != node.operation}
    eventually(draw, {*allowed, None}.__contains__, allowed)


def test_an_exchange_swaps_two_arguments_where_the_order_counts():
    found = {text(child) for child in draws(exchange)}
    assert found == {
        text(LIVE.graph).replace("interp(g, m, 0.9)", swapped)
        for swapped in ("interp(m, g, 0.9)", "interp(0.9, m, g)", "interp(g, 0.9, m)")
    } | {text(LIVE.graph).replace("m / v2", "v2 / m").replace("u = m / v1", "u = v1 / m")}
    plain = open_program(parse("def train(w, g, lr): return g * lr"))
    assert draws(exchange, plain) == []


def test_a_redirect_changes_what_one_use_reads():
    places = set()
    for child in draws(redirect):
        assert [node.operation for node in child.nodes] == [node.operation for node in NODES]
        (place,) = differing(child, LIVE.graph)
        places.add(place)
    assert places == {(read.place, read.position) for read in LIVE.reads}


def test_a_crossover_brings_a_value_with_all_that_it_is_computed_from():
    mate = open_program(parse("def train(w, g, a, b, lr):\n  a = interp(w, a, 0.5)\n  return sign(a) * 0.1, a, b"))
    found = draws(lambda live, rng, settings: crossover(live, mate, rng))
    brought = set()
    for child in found:
        more = len(child.nodes) - len(NODES)
        operations = tuple(node.operation for node in child.nodes[:more])
        brought.add(operations)
        if operations:
            assert child.nodes[0].arguments == ("w", "m", 0.5)  # the first slot is the first slot
        assert sum(value == more - 1 for (place, _), value in all_arguments(child).items() if place >= more) == 1
    assert brought == {("interp",), ("interp", "sign"), ("interp", "sign", "multiply")}


@pytest.mark.parametrize("mutation", [splice, duplicate, bypass, operation, exchange, redirect])
@given(program=programs(max_length=10) | programs(max_length=10, everything=True), seed=st.integers(0, 2**32))
def test_any_program_can_be_given(mutation, program, seed):
    live = open_program(program.inline_hyperparameters())
    before = repr(live)
    graph = mutation(live, random.Random(seed), SETTINGS)
    assert repr(live) == before
    if graph is not None:
        child = close_program(graph)
        assert (child.state, child.optional_inputs) == (program.state, program.optional_inputs)


@given(
    program=programs(max_length=10) | programs(max_length=10, everything=True),
    mate=programs(max_length=10) | programs(max_length=10, everything=True),
    seed=st.integers(0, 2**32),
)
def test_any_mate_can_be_given(program, mate, seed):
    live, other = (open_program(given.inline_hyperparameters()) for given in (program, mate))
    graph = crossover(live, other, random.Random(seed))
    if graph is not None:
        child = close_program(graph)
        assert (child.state, child.optional_inputs) == (program.state, program.optional_inputs)


def test_a_rescaled_learning_rate_is_read_by_all_that_read_lr():
    live = open_program(parse("def train(w, g, m, lr):\n  x = m + lr\n  return x * lr, m"))
    found = text(rescale(live, random.Random(0)))
    factor = draw_factor(random.Random(0))
    assert found == f"lr = lr * {factor!r}; x = m + lr; v1 = x * lr; return v1, m"


def test_a_factor_of_lr_takes_up_the_rescaling():
    live = open_program(parse("def train(w, g, m, lr):\n  lr = lr * 0.25\n  return g * lr, m"))
    factors = [float(text(rescale(live, random.Random(seed))).split(";")[0].split("*")[1]) for seed in range(400)]
    ratios = sorted(math.log2(factor / 0.25) for factor in factors)
    assert abs(ratios[200]) < 0.2
    assert 0.4 < ratios[336] < 0.8  # the 84 % quantile: 1 for one half of the draws, 1/4 for the other


def test_a_program_that_does_not_read_lr_keeps_its_rate():
    live = open_program(parse("def train(w, g, m, lr):\n  return g * 0.5, m"))
    assert rescale(live, random.Random(0)) == live.graph
