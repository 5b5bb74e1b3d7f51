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
from strategies import (
    PLAIN_OPERATIONS,
    Float32Space,
    random_constant,
    random_program,
    run_updates,
    same_numbers,
)

from lionsearch.graph import KindError, find_live, fingerprint, infer_kinds, skeleton
from lionsearch.lang import OPERATIONS, Program, Statement, parse
from lionsearch.lang.kinds import SLOT_KINDS

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
        program.slot_kinds,
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
    source, kind = rng.choice([*program.state, ("dead", rng.choice([*SLOT_KINDS.values()]))])
    statements.append(Statement("dead", "add", ("dead", source)))
    at = rng.randint(0, len(program.slots))
    state = (*program.state[:at], ("dead", kind), *program.state[at:])
    unread = () if "h" in program.optional_inputs else ("h",)
    return replace(
        program,
        statements=tuple(statements),
        slots=tuple(slot for slot, _ in state),
        slot_kinds=tuple(kind for _, kind in state),
        optional_inputs=(*program.optional_inputs, *unread),
        hyperparameters=(*program.hyperparameters, ("hessian_every", 7.0)),
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
            values[statement.target] = value = OPERATIONS[statement.operation].apply(Float32Space(np, ()), *arguments)
        if np.isfinite(value):
            statements[index] = Statement(statement.target, "copy", (float(value),))
    return replace(program, statements=tuple(statements))


DISGUISES = [rename, reorder, swap, add_dead_code, inline, name_constants, round_constants, compute_constants]


EVERYTHING = pytest.mark.parametrize("everything", [False, True], ids=["plain", "everything"])


def some_or(many: int) -> pytest.MarkDecorator:
    """So many random programs when there is time for it, and a third of them by default."""
    return pytest.mark.parametrize("count", [many // 3, pytest.param(many, marks=pytest.mark.slow)])


@EVERYTHING
@pytest.mark.parametrize("disguise", DISGUISES)
@some_or(150)
def test_disguises_leave_fingerprint_and_numbers_alone(disguise, everything, count):
    rng, changed = random.Random(disguise.__name__), 0
    for _ in range(count):
        program = random_program(rng, rng.randint(1, 14), everything=everything)
        other = disguise(rng, program)
        infer_kinds(other)
        changed += other != program
        assert fingerprint(other) == fingerprint(program)
        assert computes_the_same(program, other)
    assert changed > count / 3


@some_or(300)
@EVERYTHING
def test_all_disguises_at_once(everything, count):
    rng = random.Random(0)
    for _ in range(count):
        program = other = random_program(rng, rng.randint(1, 14), everything=everything)
        for disguise in rng.sample(DISGUISES, len(DISGUISES)):
            other = disguise(rng, other)
        assert fingerprint(other) == fingerprint(program)


def computes_the_same(one: Program, two: Program, seed: int = 0) -> bool:
    # NumPy's maximum(0.0, -0.0) is its second argument: the sign of a zero is not compared
    pairs = zip(run_updates(one, seed), run_updates(two, seed), strict=True)
    return all(same_numbers(a, b, zeros=False) for (a, _), (b, _) in pairs)


# Equal fingerprints, equal numbers


FEW = ["add", "multiply", "divide", "maximum", "minimum", "negative", "copy", "square", "power", "reciprocal", "arctan"]


CASES = {
    "few": (FEW, False),
    "arithmetic": (FEW[:3], False),
    "plain": (PLAIN_OPERATIONS, False),
    "everything": (None, True),
    "arithmetic of all kinds": (FEW[:3], True),
}


@pytest.mark.parametrize(("operations", "everything"), CASES.values(), ids=CASES)
def test_equal_fingerprints_give_equal_numbers(operations, everything):
    rng, groups = random.Random(1), defaultdict(list)
    for _ in range(6000):
        program = random_program(rng, rng.randint(1, 2), operations, everything=everything)
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


@some_or(400)
@EVERYTHING
def test_another_live_operation_is_another_fingerprint(everything, count):
    rng, changes, numbers = random.Random(2), 0, 0
    for _ in range(count):
        program = random_program(rng, rng.randint(1, 10), everything=everything)
        for index in set(reads_an_input(program)) & set(find_live(program).statements):
            statement = program.statements[index]
            row = OPERATIONS[statement.operation]
            alike = [
                other.name
                for other in OPERATIONS.values()
                if (other.accepts, other.result, other.signatures) == (row.accepts, row.result, row.signatures)
                and other is not row
            ]
            if alike:
                other = with_statement(program, index, replace(statement, operation=rng.choice(alike)))
                assert fingerprint(other) != fingerprint(program)
                changes += 1
                numbers += not computes_the_same(program, other)
    assert changes > 1.75 * count
    assert numbers > 0.75 * count  # and the change was one: the updates differ


@some_or(800)
@EVERYTHING
def test_another_live_constant_is_another_fingerprint(everything, count):
    rng, changes, numbers = random.Random(3), 0, 0
    for _ in range(count):
        program = random_program(rng, rng.randint(1, 10), everything=everything).inline_hyperparameters()
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
    assert changes > count / 4
    assert numbers > count / 16


@some_or(1000)
@EVERYTHING
def test_other_numbers_are_another_fingerprint_whatever_was_changed(everything, count):
    rng, different, dead_or_folded = random.Random(4), 0, 0
    for _ in range(count):
        program = random_program(rng, 6, everything=everything)
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
    assert different > count / 20
    assert dead_or_folded > count / 50


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
    "direction of a comparison": (["return g < w, m"], ["return g > w, m"]),
    "strictness of a comparison": (["return g < w, m"], ["return g <= w, m"]),
    "branches": (["return where(g, w, m), m"], ["return where(g, m, w), m"]),
    "arguments of a modulo": (["return g % w, m"], ["return w % g, m"]),
    "side of a mean": (["return g - row_mean(g), m"], ["return g - column_mean(g), m"]),
    "order of a product": (
        ["x = matmul(g, transpose(w))", "return matmul(x, w), m"],
        ["x = matmul(w, transpose(g))", "return matmul(x, w), m"],
    ),
    "root": (
        ["x = matmul(g, transpose(g))", "return matmul(inverse_root(x, 2), g), m"],
        ["x = matmul(g, transpose(g))", "return matmul(inverse_root(x, 4), g), m"],
    ),
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
    "comparison of constants": (["x = 1 < 2", "return g * x, m"], ["return g * 1, m"]),
    "equality in float32": (["x = 0.1 == 0.10000000149011612", "return g * x, m"], ["return g * 1, m"]),
    "choice among constants": (["x = where(0 > 1, 2, 3) + 7 % 4", "return g * x, m"], ["return g * 6, m"]),
    "order of an equality": (["return (g == w) + (m != w), m"], ["return (w != m) + (w == g), m"]),
}


@pytest.mark.parametrize(("one", "two"), SAME.values(), ids=SAME)
def test_what_is_the_same(one, two):
    assert of(*one) == of(*two)


def test_hyperparameters_count_as_their_defaults():
    assert of("return g * b1, m", parameters="w, g, m, lr, *, b1=0.9") == of("return g * 0.9, m")
    assert of("return g * b1, m", parameters="w, g, m, lr, *, b1=0.9") != of("return g * 0.8, m")


# Kinds of slots, and how inputs are computed


def test_the_kind_of_a_slot_counts():
    """Of programs that differ in nothing else; those of squares cannot be the same in anything else."""
    kinds = ("tensor", "per_tensor", "scalar", "row", "column")
    found = {of("x = g + m", "m = m + 1", "return x, m", parameters=f"w, g, m: {kind}, lr") for kind in kinds}
    assert len(found) == len(kinds)
    two = {of("return g * m * v, m, v", parameters=f"w, g, m: {a}, v: {b}, lr") for a in kinds for b in kinds}
    assert len(two) == len(kinds) ** 2


def test_the_kind_of_a_dead_slot_does_not_count():
    plain = of("return g * v, v", parameters="w, g, v: row, lr")
    assert of("return g * v, m, v", parameters="w, g, m: column, v: row, lr") == plain
    assert of("return g * v, v, m", parameters="w, g, v: row, m: left, lr") == plain
    assert of("return g * v, m, v") != plain


def test_an_explicit_tensor_is_a_tensor():
    assert of("return g * m, m", parameters="w, g, m: tensor, lr") == of("return g * m, m")
    assert of("return g * m, m, d", parameters="w, g, m, d: scalar, lr") == of("return g * m, m")


@pytest.mark.parametrize(
    ("name", "setting", "default"),
    [
        ("h", "hessian_every", 1.0),
        ("h_gnb", "hessian_every", 1.0),
        ("g_ahead", "rho", 0.05),
        ("g_anchor", "anchor_every", 30.0),
        ("g_full", "anchor_every", 30.0),
    ],
)
def test_how_an_input_is_computed_counts_though_no_statement_reads_it(name, setting, default):
    def with_setting(value, line=f"return g - {name}, m"):
        return of(line, parameters=f"w, g, m, lr, {name}, *, {setting}={value}")

    plain = of(f"return g - {name}, m", parameters=f"w, g, m, lr, {name}")
    assert with_setting(default) == plain
    assert len({plain, with_setting(2), with_setting(3), with_setting(4)}) == 4
    # not where the input is not asked for, or not read, or written first
    dead = of("return g - w, m")
    assert of("return g - w, m", parameters=f"w, g, m, lr, *, {setting}=2") == dead
    assert with_setting(2, "return g - w, m") == dead
    assert with_setting(2, f"{name} = w; return g - {name}, m") == dead


def test_a_setting_that_is_read_counts_as_a_constant_too():
    parameters = "w, g, m, lr, g_ahead, *, rho="
    read = [of("return g_ahead * rho, m", parameters=parameters + rho) for rho in ("0.1", "0.2")]
    assert read[0] == of("return g_ahead * 0.1, m", parameters=parameters + "0.1")
    assert len({*read, of("return g_ahead * 0.1, m", parameters=parameters + "0.2")}) == 3


def test_inlining_keeps_how_inputs_are_computed():
    text = "def train(w, g, lr, h, g_ahead, *, b1=0.9, rho=0.3, hessian_every=10): return (g_ahead - h) * b1"
    program = parse(text)
    assert fingerprint(program.inline_hyperparameters()) == fingerprint(program)
    for other in ({"rho": 0.2}, {"hessian_every": 20.0}, {"b1": 0.8}):
        changed = program.with_hyperparameters(other)
        assert fingerprint(changed.inline_hyperparameters()) == fingerprint(changed) != fingerprint(program)


def test_inputs_that_are_computed_alike_are_not_the_same():
    names = ("h", "h_gnb", "g_ahead", "g_anchor", "g_full", "w")
    found = {of(f"return g - {name}, m", parameters=f"w, g, m, lr, {', '.join(names[:-1])}") for name in names}
    assert len(found) == len(names)


def test_known_programs_have_their_own_fingerprints_except_where_they_are_one():
    found = {path.stem: fingerprint(parse(path.read_text())) for path in PROGRAMS}
    assert all(len(value) == 24 and int(value, 16) for value in found.values())
    assert len(set(found.values())) == len(found)


def test_fingerprints_are_the_same_in_another_process():
    script = (
        "import json, sys; from pathlib import Path; from lionsearch.graph import fingerprint; "
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


def test_programs_share_a_skeleton_if_they_differ_in_constants_names_and_dead_code_alone():
    def of_momentum(*lines):
        return skeleton(parse("def train(w, g, m, lr):\n  " + "\n  ".join(lines)))

    one = of_momentum("m = interp(g, m, 0.9)", "return m * lr, m")
    other = parse("def train(w, g, v, lr, *, b1=0.3):\n  d = g * 3.0\n  v = interp(g, v, b1)\n  return lr * v, v")
    assert one == of_momentum("m = interp(g, m, 0.5)", "return m * lr, m") == skeleton(other)
    assert one != of_momentum("m = interp(g, m, 0.9)", "return sign(m) * lr, m")
    assert one != of_momentum("m = interp(g, 0.9, m)", "return m * lr, m")
