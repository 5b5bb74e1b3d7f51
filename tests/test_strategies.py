import random

import numpy as np
import pytest
from hypothesis import given
from strategies import (
    PLAIN_OPERATIONS,
    STACKED_SHAPES,
    programs,
    random_leaves,
    random_program,
    run_updates,
    same_numbers,
)

from lionsearch.graph import find_live, infer_kinds, initial_kinds, remove_dead_code
from lionsearch.lang import OPERATIONS, Kind, Program, shape_of
from lionsearch.lang.kinds import SLOT_KINDS
from lionsearch.semantics.oracle import run_oracle


@given(programs())
def test_programs_are_valid(program):
    infer_kinds(program)


@given(programs(everything=True))
def test_programs_with_everything_are_valid(program):
    infer_kinds(program)


def features(program: Program) -> set[str]:
    kinds = infer_kinds(program)
    targets = [statement.target for statement in program.statements]
    arguments = {argument for statement in program.statements for argument in statement.arguments}
    found = {statement.operation for statement in program.statements} | {str(kind) for kind in kinds}
    checks = {
        "slots": program.slots,
        "no slots": not program.slots,
        "hyperparameter read": arguments & {name for name, _ in program.hyperparameters},
        "step read": "t" in arguments and "t" in program.optional_inputs,
        "constant": any(isinstance(argument, float) for argument in arguments),
        "name assigned twice": len(set(targets)) < len(targets),
        "input assigned": {"w", "g", "lr"} & set(targets),
        "slot assigned": set(program.slots) & set(targets),
        "hyperparameter assigned": {name for name, _ in program.hyperparameters} & set(targets),
        "dead statement": len(find_live(program).statements) < len(program.statements),
        "dead slot": len(find_live(program).slots) < len(program.slots),
        "all live": program.statements and len(find_live(program).statements) == len(program.statements),
        "update is a slot": program.update in program.slots,
        "update is an input": program.update in program.inputs,
    }
    return found | {name for name, holds in checks.items() if holds}


CORNERS = {
    *("slots", "no slots", "hyperparameter read", "step read", "constant", "name assigned twice", "input assigned"),
    *("slot assigned", "hyperparameter assigned", "dead statement", "dead slot", "all live"),
    *("update is a slot", "update is an input"),
}


def test_random_programs_reach_every_corner_of_the_plain_language():
    rng = random.Random(0)
    drawn = [random_program(rng, rng.randint(0, 20)) for _ in range(1000)]
    seen = set().union(*map(features, drawn))
    required = {*PLAIN_OPERATIONS, *map(str, (Kind.SCALAR, Kind.PER_TENSOR, Kind.TENSOR)), *CORNERS}
    assert required <= seen, required - seen
    assert not seen & {*set(OPERATIONS) - {*PLAIN_OPERATIONS}, *map(str, (Kind.ROW, Kind.LEFT, Kind.TRANSPOSED))}
    assert not any(program.slot_kinds for program in drawn)


@pytest.mark.thorough
def test_random_programs_with_everything_reach_every_corner_of_the_language():
    rng = random.Random(0)
    seen = set()
    for _ in range(2000):
        program = random_program(rng, rng.randint(0, 40), everything=True)
        live, kinds = remove_dead_code(program), initial_kinds(program)
        seen |= features(program) | {("slot", kind) for _, kind in program.state}
        seen |= {("live slot", kind) for _, kind in live.state}
        for statement, result in zip(program.statements, infer_kinds(program), strict=True):
            given = tuple(kinds[a] if isinstance(a, str) else Kind.SCALAR for a in statement.arguments)
            seen.add((statement.operation, given))
            kinds[statement.target] = result
    required = {*OPERATIONS, *map(str, Kind), *CORNERS}
    required |= {(what, kind) for what in ("slot", "live slot") for kind in SLOT_KINDS.values()}
    required |= {(name, kinds) for name, row in OPERATIONS.items() for kinds in row.signatures or ()}
    assert required <= seen, required - seen


def test_many_random_programs_stay_finite():
    # laws that compare numbers would be empty if all programs ended in NaN
    rng, data = random.Random(1), np.random.default_rng(1)
    weights, gradients = random_leaves(data), [random_leaves(data) for _ in range(4)]
    last = [run_oracle(random_program(rng, 10), weights, gradients, [1.0, 0.9, 0.5, 0.1])[-1] for _ in range(200)]
    assert sum(all(np.isfinite(leaf).all() for leaf in leaves) for leaves in last) > 80


@pytest.mark.thorough
def test_updates_of_programs_with_everything_are_the_same_again_and_mostly_finite():
    rng, finite = random.Random(2), 0
    for _ in range(150):
        program = random_program(rng, 10, everything=True)
        one, two = (run_updates(program, shapes=STACKED_SHAPES) for _ in range(2))
        for (update, slots), (update_again, slots_again) in zip(one, two, strict=True):
            assert same_numbers(update, update_again)
            assert tuple(leaf.shape for leaf in update) == STACKED_SHAPES
            for slot, kind in program.state:
                assert same_numbers(slots[slot], slots_again[slot])
                if kind is Kind.SCALAR:
                    assert np.shape(slots[slot]) == ()
                else:
                    shapes = tuple(np.shape(leaf) for leaf in slots[slot])
                    assert shapes == tuple(shape_of(kind, shape) for shape in STACKED_SHAPES)
        finite += all(np.isfinite(leaf).all() for leaf in one[-1][0])
    assert finite > 100
