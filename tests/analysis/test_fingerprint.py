import itertools
import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from strategies import Float32Space, random_constant, random_program, run_updates, same_numbers

from lionsearch.analysis import KindError, find_live, fingerprint, infer_kinds
from lionsearch.lang import OPERATIONS, Program, Statement, parse

PROGRAMS = sorted((Path(__file__).parents[2] / "programs").glob("*.py"))


def of(*lines: str, parameters: str | None = None) -> str:
    parameters = parameters or ("w, g, m, v, lr" if lines[-1].endswith(", m, v") else "w, g, m, lr")
    return fingerprint(parse(f"def train({parameters}):\n  " + "\n  ".join(lines)))


# What a program may change without another fingerprint: each function returns a program that computes the same


def single_assignment(program: Program) -> Program:
    """Every statement writes a name of its own; slots are copied at the end."""
    names: dict[str, str] = {}
    statements = []
    for index, statement in enumerate(program.statements):
        arguments = tuple(names.get(a, a) if isinstance(a, str) else a for a in statement.arguments)
        names[statement.target] = f"y{index}"
        statements.append(Statement(f"y{index}", statement.operation, arguments))
    statements += [Statement(slot, "copy", (names[slot],)) for slot in program.slots if slot in names]
    return replace(program, statements=tuple(statements), update=names.get(program.update, program.update))


def rename(rng: random.Random, program: Program) -> Program:
    variables = {*program.slots, *(name for name, _ in program.hyperparameters)}
    variables |= {statement.target for statement in program.statements}
    variables -= {"w", "g", "lr", "t"}
    names = dict(zip(sorted(variables), rng.sample(range(1000), len(variables)), strict=True))

    def new(argument):
        return f"z{names[argument]}" if argument in variables else argument

    return Program(
        tuple(Statement(new(s.target), s.operation, tuple(map(new, s.arguments))) for s in program.statements),
        new(program.update),
        tuple(map(new, program.slots)),
        program.optional_inputs,
        tuple((new(name), value) for name, value in program.hyperparameters),
        "Another description.",
    )


def reorder(rng: random.Random, program: Program) -> Program:
    """Any order in which nothing is read before it is written; the copies to the slots stay at the end."""
    program = single_assignment(program)
    written = {statement.target for statement in program.statements} - {*program.slots}
    waiting = [statement for statement in program.statements if statement.target in written]
    done: list[Statement] = []
    while waiting:
        unwritten = {statement.target for statement in waiting}
        ready = [statement for statement in waiting if unwritten.isdisjoint(statement.arguments)]
        done.append(rng.choice(ready))
        waiting.remove(done[-1])
    return replace(program, statements=(*done, *program.statements[len(done) :]))


def swap(rng: random.Random, program: Program) -> Program:
    """Turn round the arguments of commutative operations, folded ones left out: maximum(0.0, -0.0) is -0.0."""
    swapped = {index for index in reads_an_input(program) if rng.random() < 0.7}
    statements = tuple(
        replace(s, arguments=s.arguments[::-1]) if index in swapped and OPERATIONS[s.operation].commutative else s
        for index, s in enumerate(program.statements)
    )
    return replace(program, statements=statements)


def add_dead_code(rng: random.Random, program: Program) -> Program:
    statements = list(program.statements)
    for index in range(rng.randint(1, 5)):
        dead = Statement(f"d{index}", *rng.choice([("sin", ("g",)), ("norm", ("w",)), ("add", ("lr", 1.0))]))
        if reads_what_is_never_written(statements, dead):
            statements.insert(rng.randint(0, len(statements)), dead)
    statements.append(Statement("dead", "add", ("dead", program.slots[0] if program.slots else "dead")))
    at = rng.randint(0, len(program.slots))
    slots = (*program.slots[:at], "dead", *program.slots[at:])
    unread = () if "h" in program.optional_inputs else ("h",)
    return replace(
        program, statements=tuple(statements), slots=slots, optional_inputs=(*program.optional_inputs, *unread)
    )


def reads_what_is_never_written(statements: list[Statement], dead: Statement) -> bool:
    """Whether the inputs that the dead statement reads are never written, so that it may stand anywhere."""
    return {statement.target for statement in statements}.isdisjoint(dead.arguments)


def inline(rng: random.Random, program: Program) -> Program:
    return program.inline_hyperparameters()


def name_constants(rng: random.Random, program: Program) -> Program:
    """Turn constants into statements or hyperparameters of their own."""
    hyperparameters, first, statements = list(program.hyperparameters), [], []
    for statement in program.statements:
        arguments = list(statement.arguments)
        for position, argument in enumerate(arguments):
            if isinstance(argument, float) and rng.random() < 0.7:
                name = arguments[position] = f"c{len(hyperparameters) + len(first)}"
                if rng.random() < 0.5:
                    hyperparameters.append((name, argument))
                else:
                    first.append(Statement(name, "copy", (argument,)))
        statements.append(replace(statement, arguments=tuple(arguments)))
    return replace(program, statements=(*first, *statements), hyperparameters=tuple(hyperparameters))


def round_constants(rng: random.Random, program: Program) -> Program:
    """Give constants as their float32 neighbours: training does not see the difference."""
    return replace(
        program,
        statements=tuple(
            replace(s, arguments=tuple(a if isinstance(a, str) else float(np.float32(a)) for a in s.arguments))
            for s in program.statements
        ),
        hyperparameters=tuple((name, float(np.float32(value))) for name, value in program.hyperparameters),
    )


def compute_constants(rng: random.Random, program: Program) -> Program:
    """Write the float32 value in place of every statement that reads no input."""
    program = round_constants(rng, program.inline_hyperparameters())
    values: dict[str, np.float32] = {}
    statements, known = list(program.statements), set(range(len(program.statements))) - {*reads_an_input(program)}
    for index, statement in enumerate(program.statements):
        if index not in known:
            continue
        arguments = [values[a] if isinstance(a, str) else np.float32(a) for a in statement.arguments]
        with np.errstate(all="ignore"):
            values[statement.target] = value = OPERATIONS[statement.operation].apply(Float32Space(np), *arguments)
        if np.isfinite(value):
            statements[index] = Statement(statement.target, "copy", (float(value),))
    return replace(program, statements=tuple(statements))


DISGUISES = [rename, reorder, swap, add_dead_code, inline, name_constants, round_constants, compute_constants]


@pytest.mark.parametrize("disguise", DISGUISES)
def test_disguises_leave_fingerprint_and_numbers_alone(disguise):
    rng, changed = random.Random(disguise.__name__), 0
    for _ in range(150):
        program = random_program(rng, rng.randint(1, 14))
        other = disguise(rng, program)
        infer_kinds(other)
        changed += other != program
        assert fingerprint(other) == fingerprint(program)
        assert computes_the_same(program, other)
    assert changed > 50


def test_all_disguises_at_once():
    rng = random.Random(0)
    for _ in range(300):
        program = other = random_program(rng, rng.randint(1, 14))
        for disguise in rng.sample(DISGUISES, len(DISGUISES)):
            other = disguise(rng, other)
        assert fingerprint(other) == fingerprint(program)


def computes_the_same(one: Program, two: Program, seed: int = 0) -> bool:
    # NumPy's maximum(0.0, -0.0) is its second argument: the sign of a zero is not compared
    pairs = zip(run_updates(one, seed), run_updates(two, seed), strict=True)
    return all(same_numbers(a, b, zeros=False) for (a, _), (b, _) in pairs)


# Equal fingerprints, equal numbers


FEW = ["add", "multiply", "divide", "maximum", "minimum", "negative", "copy", "square", "power", "reciprocal", "arctan"]


@pytest.mark.parametrize("operations", [FEW, FEW[:3], [*OPERATIONS]], ids=["few", "arithmetic", "all"])
def test_equal_fingerprints_give_equal_numbers(operations):
    rng, groups = random.Random(1), defaultdict(list)
    for _ in range(12000):
        program = random_program(rng, rng.randint(1, 2), operations)
        if find_live(program).statements:
            groups[fingerprint(program)].append(program)
    pairs = 0
    for group in groups.values():
        for one, two in itertools.pairwise(list(dict.fromkeys(group))[:6]):
            assert computes_the_same(one, two, seed=pairs)
            pairs += 1
    assert pairs > 30


def test_the_sign_of_a_zero_constant_counts():
    # power(-0.0, -1) is -inf
    one, two = ([f"x = arctan(power({zero}, -1))", "return g * x, m"] for zero in ("0.0", "-0.0"))
    assert of(*one) != of(*two)


# Another program, another fingerprint


def reads_an_input(program: Program) -> list[int]:
    """Statements whose value no constant folding can know."""
    variable = {*program.inputs, *program.slots}
    found = []
    for index, statement in enumerate(program.statements):
        if variable.intersection(a for a in statement.arguments if isinstance(a, str)):
            variable.add(statement.target)
            found.append(index)
        else:
            variable.discard(statement.target)
    return found


def has_valid_kinds(program: Program) -> bool:
    try:
        infer_kinds(program)
    except KindError:
        return False
    return True


def with_statement(program: Program, index: int, statement: Statement) -> Program:
    return replace(program, statements=(*program.statements[:index], statement, *program.statements[index + 1 :]))


def test_another_live_operation_is_another_fingerprint():
    rng, changes, numbers = random.Random(2), 0, 0
    for _ in range(400):
        program = random_program(rng, rng.randint(1, 10))
        for index in set(reads_an_input(program)) & set(find_live(program).statements):
            statement = program.statements[index]
            row = OPERATIONS[statement.operation]
            alike = [
                other.name
                for other in OPERATIONS.values()
                if (other.accepts, other.result) == (row.accepts, row.result) and other is not row
            ]
            if alike:
                other = with_statement(program, index, replace(statement, operation=rng.choice(alike)))
                assert fingerprint(other) != fingerprint(program)
                changes += 1
                numbers += not computes_the_same(program, other)
    assert changes > 700
    assert numbers > 300  # and the change was one: the updates differ


def test_another_live_constant_is_another_fingerprint():
    rng, changes, numbers = random.Random(3), 0, 0
    for _ in range(800):
        program = random_program(rng, rng.randint(1, 10)).inline_hyperparameters()
        for index in set(reads_an_input(program)) & set(find_live(program).statements):
            statement = program.statements[index]
            for position, argument in enumerate(statement.arguments):
                constant = random_constant(rng)
                if isinstance(argument, str) or np.float32(argument) == np.float32(constant):
                    continue
                arguments = (*statement.arguments[:position], constant, *statement.arguments[position + 1 :])
                other = with_statement(program, index, replace(statement, arguments=arguments))
                assert fingerprint(other) != fingerprint(program)
                changes += 1
                numbers += not computes_the_same(program, other)
    assert changes > 200
    assert numbers > 50


def test_other_numbers_are_another_fingerprint_whatever_was_changed():
    rng, different, dead_or_folded = random.Random(4), 0, 0
    for _ in range(1000):
        program = random_program(rng, 6)
        index = rng.randrange(6)
        statement = program.statements[index]
        if not statement.arguments:
            continue
        arguments = list(statement.arguments)
        position = rng.randrange(len(arguments))
        arguments[position] = random_constant(rng) if isinstance(arguments[position], float) else arguments[0]
        other = with_statement(program, index, replace(statement, arguments=tuple(arguments)))
        if not has_valid_kinds(other):
            continue
        if computes_the_same(program, other):
            dead_or_folded += fingerprint(program) == fingerprint(other) and program != other
        else:
            assert fingerprint(program) != fingerprint(other)
            different += 1
    assert different > 50
    assert dead_or_folded > 20


DIFFERENT = {
    "inputs": (["return g, m"], ["return w, m"]),
    "slot and input": (["return g - m, m"], ["return g - w, m"]),
    "order of a difference": (["return g - w, m"], ["return w - g, m"]),
    "roles of slots": (
        ["x = m - v", "m = g", "v = w", "return x, m, v"],
        ["x = v - m", "m = g", "v = w", "return x, m, v"],
    ),
    "slot that moves": (["x = m", "m = g", "return x, m"], ["x = m", "m = w", "return x, m"]),
    "slot that stays": (["return g + m, m"], ["x = g + m", "m = g", "return x, m"]),
    "before or after the write": (["x = m + g", "m = g", "return x, m"], ["m = g", "return m + g, m"]),
    "associativity": (["return (g + w) + lr, m"], ["return g + (w + lr), m"]),
    "one place of float32": (["return g * 1.0000001, m"], ["return g, m"]),
    "arguments of interp": (["return interp(g, w, 0.5), m"], ["return interp(w, g, 0.5), m"]),
    "infinities": (["return g * 1e39, m"], ["return g * -1e39, m"]),
}


@pytest.mark.parametrize(("one", "two"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_is_not_the_same(one, two):
    assert of(*one) != of(*two)


SAME = {
    "nothing but names": (["x = g * lr", "return x, m"], ["return lr * g, m"]),
    "folded": (["x = sqrt(4)", "return g * x, m"], ["return g * 2, m"]),
    "folded twice": (["x = -(1 + 2) / 6", "return g * x, m"], ["return g * -0.5, m"]),
    "folded through a division by zero": (["x = 1 / 0", "return g * x, m"], ["return g * 0, m"]),
    "folded in float32": (["x = 16777216 + 1", "return g * x, m"], ["return g * 16777216, m"]),
    "folded to infinity": (["x = exp(100)", "return g * x, m"], ["return g * 1e39, m"]),
    "float32 of a decimal": (["return g * 0.1, m"], ["return g * 0.10000000149011612, m"]),
    "copies": (["x = g", "y = x", "m = y", "return y, m"], ["return g, m"]),
    "slot that is not read": (["m = sin(g)", "return g, m"], ["return g, m"]),
    "named constant": (["return g * get_eps(), m"], ["return g * 1e-8, m"]),
}


@pytest.mark.parametrize(("one", "two"), SAME.values(), ids=SAME)
def test_what_is_the_same(one, two):
    assert of(*one) == of(*two)


def test_hyperparameters_count_as_their_defaults():
    assert of("return g * b1, m", parameters="w, g, m, lr, *, b1=0.9") == of("return g * 0.9, m")
    assert of("return g * b1, m", parameters="w, g, m, lr, *, b1=0.9") != of("return g * 0.8, m")


def test_known_programs_have_their_own_fingerprints_except_where_they_are_one():
    found = {path.stem: fingerprint(parse(path.read_text())) for path in PROGRAMS}
    assert all(len(value) == 24 and int(value, 16) for value in found.values())
    assert len(set(found.values())) == len(found)


def test_fingerprints_are_the_same_in_another_process():
    script = (
        "import json, sys; from pathlib import Path; from lionsearch.analysis import fingerprint; "
        "from lionsearch.lang import parse; assert 'jax' not in sys.modules; "
        "print(json.dumps([fingerprint(parse(Path(path).read_text())) for path in sys.argv[1:]]))"
    )
    for seed in ("1", "2"):
        output = subprocess.run(
            [sys.executable, "-c", script, *map(str, PROGRAMS)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=PROGRAMS[0].parents[1],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert json.loads(output) == [fingerprint(parse(path.read_text())) for path in PROGRAMS]
