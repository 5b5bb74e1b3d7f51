import pytest

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.exports.passes import split_passes
from lionsearch.graph.lowering import lower
from lionsearch.lang import OPERATIONS, Kind


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_a_pass_reads_only_what_is_there_before_it(name):
    lowered = lower(load_program(name))
    kept = set(lowered.leaves)
    for each in split_passes(lowered):
        for index in each.numbers:
            assert lowered.kind(index) is Kind.SCALAR
            assert kept.issuperset(lowered.nodes[index].reads)
            kept.add(index)
        inside = set(kept)
        for index in each.leaves:
            assert lowered.kind(index) is not Kind.SCALAR
            assert inside.issuperset(lowered.nodes[index].reads)
            inside.add(index)
        assert set(each.results) <= set(each.leaves)
        kept.update(each.results)
    assert kept.issuperset(lowered.outputs)


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_every_statement_is_in_one_pass(name):
    lowered = lower(load_program(name))
    placed = [index for each in split_passes(lowered) for index in (*each.numbers, *each.leaves)]
    assert sorted(placed) == list(range(len(lowered.nodes)))


def test_sums_over_the_tree_count_the_passes():
    lowered = lower(load_program("lbfgs"))
    passes = split_passes(lowered)
    sums = {index for index, node in enumerate(lowered.nodes) if OPERATIONS[node.operation].sums_tree}
    assert len(passes) > 1
    assert all(sums.intersection(each.numbers) for each in passes[1:])
    assert len(split_passes(lower(load_program("adamw_debiased")))) == 1


def test_what_only_the_last_pass_reads_is_computed_there():
    lowered = lower(load_program("dog(weight_decay=0.1)"))
    first, last = split_passes(lowered)
    assert "w0" in [lowered.name(index) for index in first.leaves]
    assert [lowered.nodes[index].operation for index in last.leaves].count("multiply") >= 2
