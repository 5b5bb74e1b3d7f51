import random

import numpy as np
from hypothesis import given
from strategies import programs, random_leaves, random_program

from lionsearch.analysis import find_live, infer_kinds
from lionsearch.evaluate.oracle import run_oracle
from lionsearch.lang import OPERATIONS, Kind, Program


@given(programs())
def test_programs_are_valid(program):
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


def test_random_programs_reach_every_corner_of_the_language():
    rng = random.Random(0)
    seen = set().union(*(features(random_program(rng, rng.randint(0, 20))) for _ in range(1000)))
    required = {
        *OPERATIONS,
        *map(str, Kind),
        *("slots", "no slots", "hyperparameter read", "step read", "constant", "name assigned twice", "input assigned"),
        *("slot assigned", "hyperparameter assigned", "dead statement", "dead slot", "all live"),
        *("update is a slot", "update is an input"),
    }
    assert required <= seen, required - seen


def test_many_random_programs_stay_finite():
    # laws that compare numbers would be empty if all programs ended in NaN
    rng, data = random.Random(1), np.random.default_rng(1)
    weights, gradients = random_leaves(data), [random_leaves(data) for _ in range(4)]
    last = [run_oracle(random_program(rng, 10), weights, gradients, [1.0, 0.9, 0.5, 0.1])[-1] for _ in range(200)]
    assert sum(all(np.isfinite(leaf).all() for leaf in leaves) for leaves in last) > 80
