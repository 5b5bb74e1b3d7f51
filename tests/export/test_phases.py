import pytest

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.export.flow import REDUCTIONS, build_flow
from lionsearch.export.phases import split_phases
from lionsearch.lang import Kind


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_a_phase_reads_only_what_is_there_before_it(name):
    flow = build_flow(load_program(name))
    known = set(flow.initial.values())
    kept = set(known)
    for phase in split_phases(flow):
        for index in phase.numbers:
            value = flow.values[index]
            assert value.kind is Kind.SCALAR
            assert kept.issuperset(value.reads)
            kept.add(index)
        inside = set(kept)
        for index in phase.leaves:
            assert flow.values[index].kind is not Kind.SCALAR
            assert inside.issuperset(flow.values[index].reads)
            inside.add(index)
        assert set(phase.results) <= set(phase.leaves)
        kept.update(phase.results)
    assert kept.issuperset(flow.outputs)


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_every_statement_is_in_one_phase(name):
    flow = build_flow(load_program(name))
    placed = [index for phase in split_phases(flow) for index in (*phase.numbers, *phase.leaves)]
    assert sorted(placed) == flow.needed()


def test_sums_over_the_tree_count_the_phases():
    flow = build_flow(load_program("lbfgs"))
    phases = split_phases(flow)
    assert all(any(flow.values[i].operation in REDUCTIONS for i in phase.numbers) for phase in phases[1:])
    assert len(split_phases(build_flow(load_program("adamw_debiased")))) == 1


def test_what_only_the_last_phase_reads_is_computed_there():
    flow = build_flow(load_program("dog(weight_decay=0.1)"))
    first, last = split_phases(flow)
    names = [flow.values[i].name for i in first.leaves]
    assert "w0" in names
    assert [flow.values[i].operation for i in last.leaves].count("multiply") >= 2
