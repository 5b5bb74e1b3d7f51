import pytest

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.exports.clock import CLOCK, with_own_clocks
from lionsearch.graph.lowering import SHARED_CLOCK, lower
from lionsearch.lang import OPERATIONS, Kind, parse

ADAM = "def train(w, g, m, lr, t, *, b1=0.9):\n  m = interp(g, m, b1)\n  return m / (1 - b1**t) * lr, m\n"
SHARED = (
    "def train(w, g, d: scalar, lr, t):\n  d = where(t == 1, 0.1, d)\n  scale = d / sqrt(t)\n"
    "  d = max(d, norm(g))\n  return g * (scale * lr), d\n"
).replace("norm(g)", "global_norm(g)")
OWN_NUMBER = "def train(w, g, s: scalar, lr):\n  s = s + lr\n  return g / s, s\n"


def _counted(text):
    return with_own_clocks(lower(parse(text)))


def test_what_a_parameter_reads_is_its_own_count():
    found = _counted(ADAM)
    assert found.leaves[CLOCK] is Kind.PER_TENSOR
    assert not found.reads(SHARED_CLOCK)
    power = next(i for i, node in enumerate(found.nodes) if node.operation == "power")
    assert found.kinds[power] is Kind.PER_TENSOR


def test_a_number_that_parameters_share_begins_with_the_group():
    found = _counted(SHARED)
    assert found.program.state == (("d", Kind.SCALAR),)
    readers = {leaf: [found.nodes[i].operation for i in found.readers[leaf]] for leaf in (CLOCK, SHARED_CLOCK)}
    assert readers == {CLOCK: ["sqrt"], SHARED_CLOCK: ["equal"]}
    assert found.kind(found.graph.slots[0]) is Kind.SCALAR


def test_a_number_that_depends_on_no_parameter_is_each_ones_own():
    found = _counted(OWN_NUMBER)
    assert found.program.state == (("s", Kind.PER_TENSOR),)
    assert found.kind(found.graph.slots[0]) is Kind.PER_TENSOR


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_kinds_still_fit(name):
    before = lower(load_program(name))
    after = with_own_clocks(before)
    assert after.kind(after.graph.update) is Kind.TENSOR
    for (_, kind), final in zip(after.program.state, after.graph.slots, strict=True):
        assert after.kind(final) in (kind, Kind.SCALAR)
    sums = [i for i, node in enumerate(after.nodes) if OPERATIONS[node.operation].sums_tree]
    assert len(sums) == sum(OPERATIONS[node.operation].sums_tree for node in before.nodes)
    if not before.reads(CLOCK) and Kind.SCALAR not in dict(before.program.state).values():
        assert after.nodes == before.nodes


AVERAGE = """
def train(w, g, s: scalar, lr, t):
    s = interp(global_norm(g), s, 0.9)
    return g * (s / (1 - 0.9**t)) * lr, s
"""


def test_an_average_that_parameters_share_is_corrected_by_the_groups_count():
    assert not _counted(AVERAGE).reads(CLOCK)


def test_a_long_chain_of_numbers_takes_no_time():
    chain = "".join(f"  a = a * (a + {number})\n" for number in range(40))
    head = "def train(w, g, s: scalar, lr, t, loss):\n  a = loss\n"
    found = _counted(f"{head}{chain}  s = s + a\n  return g * (s / t) * lr, s\n")
    assert found.program.state == (("s", Kind.SCALAR),)
