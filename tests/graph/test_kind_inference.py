import pickle
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from strategies import (
    PLAIN_OPERATIONS,
    STACKED_SHAPES,
    Float32Space,
    programs,
    random_constant,
    random_leaves,
    random_program,
)

from lionsearch.errors import Location, ProgramError
from lionsearch.graph import KindError, check_program, infer_kinds, initial_kinds
from lionsearch.lang import OPERATIONS, OPTIONAL_INPUTS, Kind, Program, Statement, parse, shape_of
from lionsearch.lang.kinds import SLOT_KINDS
from lionsearch.semantics.leaf_space import zero_slot

SCALAR, PER_TENSOR, TENSOR, ROW, COLUMN, LEFT, RIGHT, TRANSPOSED = Kind


def test_initial_kinds():
    program = parse("def train(w, g, m, lr, t, h, loss, *, b1=0.9): return g, m")
    assert initial_kinds(program) == {
        **{"w": TENSOR, "g": TENSOR, "m": TENSOR, "h": TENSOR},
        **{"lr": SCALAR, "t": SCALAR, "loss": SCALAR, "b1": SCALAR},
    }


def test_initial_kinds_of_slots_and_of_every_input():
    slots = ", ".join(f"s_{name}: {name}" for name in SLOT_KINDS)
    names = ", ".join(f"s_{name}" for name in SLOT_KINDS)
    kinds = initial_kinds(parse(f"def train(w, g, {slots}, lr, {', '.join(OPTIONAL_INPUTS)}): return g, {names}"))
    assert {name: kinds[f"s_{name}"] for name in SLOT_KINDS} == SLOT_KINDS
    tensors = {"w", "g", "h", "h_gnb", "g_ahead", "g_anchor", "g_full"}
    assert {name for name in kinds if kinds[name] is TENSOR} == {*tensors, "s_tensor"}
    assert {name for name in kinds if kinds[name] is SCALAR} == {"lr", "t", "loss", "s_scalar"}


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("get_pi()", SCALAR),
        ("lr * 2", SCALAR),
        ("sqrt(b1)", SCALAR),
        ("global_norm(g)", SCALAR),
        ("dot(g, m)", SCALAR),
        ("cosine_sim(g, m)", SCALAR),
        ("norm(g)", PER_TENSOR),
        ("norm(g) * lr", PER_TENSOR),
        ("lr / norm(g)", PER_TENSOR),
        ("maximum(norm(g), norm(m))", PER_TENSOR),
        ("-g", TENSOR),
        ("g / norm(g)", TENSOR),
        ("lr - g", TENSOR),
        ("interp(1, norm(g), lr)", PER_TENSOR),
        ("interp(1, 2, g)", TENSOR),
        ("clip(g, lr)", TENSOR),
        ("clip(g, 1)", TENSOR),
    ],
)
def test_kinds_of_expressions(expression, kind):
    program = parse(f"def train(w, g, m, lr, *, b1=0.9):\n  x = {expression}\n  return g * x, m")
    assert infer_kinds(program)[-2:] == (kind, TENSOR)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("r + c", TENSOR),
        ("r * r", ROW),
        ("c / lr", COLUMN),
        ("norm(g) * r", ROW),
        ("g - c", TENSOR),
        ("where(r > 0, r, 1)", ROW),
        ("where(lr, r, c)", TENSOR),
        ("interp(norm(g), c, r)", TENSOR),
        ("clamp(l, -1, norm(g))", LEFT),
        ("l + l * 2", LEFT),
        ("sqrt(q)", RIGHT),
        ("transpose(g) * lr", TRANSPOSED),
        ("transpose(transpose(g))", TENSOR),
        ("transpose(l)", LEFT),
        ("matmul(g, transpose(g))", LEFT),
        ("matmul(transpose(g), g)", RIGHT),
        ("matmul(matmul(l, g), q)", TENSOR),
        ("matmul(q, transpose(g))", TRANSPOSED),
        ("matmul(transpose(g), l)", TRANSPOSED),
        ("matmul(q, q)", RIGHT),
        ("eye(q)", RIGHT),
        ("inverse_root(l, 4)", LEFT),
        ("inverse_root(q, p)", RIGHT),
        ("eigenvectors(l)", LEFT),
        ("orthonormal(matmul(q, q))", RIGHT),
        ("orthogonalize(g)", TENSOR),
        ("row_mean(g)", COLUMN),
        ("row_mean(r)", COLUMN),
        ("column_mean(g)", ROW),
        ("column_mean(c * 2)", ROW),
        ("sum(g)", PER_TENSOR),
        ("mean(g) < size(g)", PER_TENSOR),
        ("rows(g) / columns(w)", PER_TENSOR),
        ("dimensions(g) == 1", PER_TENSOR),
        ("unit_norm(g)", TENSOR),
        ("global_sum(g)", SCALAR),
        ("t % 2", SCALAR),
        ("t == 1", SCALAR),
        ("g != w", TENSOR),
        ("arctan2(d, p)", SCALAR),
        ("s * d", PER_TENSOR),
    ],
)
def test_kinds_of_expressions_with_rows_squares_and_reductions(expression, kind):
    parameters = "w, g, r: row, c: column, l: left, q: right, s: per_tensor, d: scalar, lr, t, *, p=2"
    program = parse(f"def train({parameters}):\n  x = {expression}\n  return g, r, c, l, q, s, d")
    assert infer_kinds(program)[-1] is kind


def test_a_name_takes_the_kind_of_its_last_value():
    program = parse("def train(w, g, lr):\n  x = g\n  x = norm(x)\n  x = lr * 2\n  x = g * x\n  return x")
    assert infer_kinds(program) == (TENSOR, PER_TENSOR, SCALAR, TENSOR)


def test_slots_may_change_their_kind_on_the_way():
    lines = ["r = g * d", "d = norm(r)", "r = column_mean(r)", "d = 1", "return g, r, d"]
    text = "def train(w, g, r: row, d: scalar, lr):\n  " + "\n  ".join(lines)
    assert infer_kinds(parse(text)) == (TENSOR, PER_TENSOR, ROW, SCALAR)


@given(programs() | programs(everything=True))
def test_kinds_are_how_the_values_are_stored(program):
    data, space = np.random.default_rng(0), Float32Space(np, STACKED_SHAPES)
    values = {name: np.float32(0.5) for name in program.initial_variables}
    values |= {name: random_leaves(data, shapes=STACKED_SHAPES) for name in ("w", "g")}
    values |= {slot: zero_slot(kind, STACKED_SHAPES, np, np.float32) for slot, kind in program.state}
    kinds = initial_kinds(program)
    with np.errstate(all="ignore"):
        for statement, kind in zip(program.statements, infer_kinds(program), strict=True):
            arguments = [values[a] if isinstance(a, str) else a for a in statement.arguments]
            given = [kinds[a] if isinstance(a, str) else SCALAR for a in statement.arguments]
            value = OPERATIONS[statement.operation].apply(space, *arguments, kinds=given)
            values[statement.target], kinds[statement.target] = value, kind
            assert isinstance(value, tuple) == (kind is not SCALAR)
            stored = tuple(np.shape(leaf) for leaf in value) if isinstance(value, tuple) else np.shape(value)
            assert stored == (() if kind is SCALAR else tuple(shape_of(kind, shape) for shape in STACKED_SHAPES))


ERRORS = {
    "number for a tensor": ("x = norm(1)", 2, 7, "norm takes a tensor here; 1.0 is a scalar"),
    "scalar for a tensor": ("x = global_norm(lr)", 2, 7, "global_norm takes a tensor here; 'lr' is a scalar"),
    "per tensor for a tensor": ("x = dot(g, norm(g))", 2, 7, "dot takes a tensor here; 'v1' is a scalar per tensor"),
    "tensor for a scalar": ("x = 1 + clip(g, g)", 2, 11, "clip takes a scalar here; 'g' is a tensor"),
    "per tensor for a scalar": ("x = clip(g, norm(g))", 2, 7, "clip takes a scalar here; 'v1' is a scalar per tensor"),
    "hyperparameter": ("x = norm(b1)", 2, 7, "norm takes a tensor here; 'b1' is a scalar"),
    "step": ("x = norm(t)", 2, 7, "norm takes a tensor here; 't' is a scalar"),
    "no longer a tensor": ("g = norm(g); x = norm(g)", 2, 20, "norm takes a tensor here; 'g' is a scalar per tensor"),
    "scalar slot": ("m = lr", 3, 3, "a slot must be a tensor; 'm' is a scalar"),
    "per tensor slot": ("m = norm(g)", 3, 3, "a slot must be a tensor; 'm' is a scalar per tensor"),
    "scalar update": ("g = dot(g, w)", 3, 3, "the update must be a tensor; 'g' is a scalar"),
    "per tensor update": ("g = norm(g)", 3, 3, "the update must be a tensor; 'g' is a scalar per tensor"),
}


ERRORS_OF_SHAPES = {
    "left with tensor": ("x = l + g", 2, 7, "add cannot take a left square and a tensor together"),
    "tensor with right": ("x = lr * (g * q)", 2, 13, "multiply cannot take a tensor and a right square together"),
    "row with left": ("x = maximum(r, l)", 2, 7, "maximum cannot take a row and a left square together"),
    "left with right": ("x = l < q", 2, 7, "less cannot take a left square and a right square together"),
    "transposed with tensor": (
        "x = transpose(g) - g",
        2,
        7,
        "subtract cannot take a transposed tensor and a tensor together",
    ),
    "three": ("x = where(r, c, l)", 2, 7, "where cannot take a row and a column and a left square together"),
    "two of three": (
        "x = interp(l, g, 0.5)",
        2,
        7,
        "interp cannot take a left square and a tensor and a scalar together",
    ),
    "product of tensors": ("x = matmul(g, w)", 2, 7, "matmul cannot take a tensor and a tensor together"),
    "product from the wrong side": ("x = matmul(g, l)", 2, 7, "matmul cannot take a tensor and a left square together"),
    "product with a row": (
        "x = matmul(g, r)",
        2,
        7,
        "matmul takes a tensor or a left square or a right square or a transposed tensor here; 'r' is a row",
    ),
    "root of a tensor": (
        "x = inverse_root(g, 4)",
        2,
        7,
        "inverse_root takes a left square or a right square here; 'g' is a tensor",
    ),
    "root by a tensor": ("x = inverse_root(l, g)", 2, 7, "inverse_root takes a scalar here; 'g' is a tensor"),
    "eye of a number": ("x = eye(3)", 2, 7, "eye takes a left square or a right square here; 3.0 is a scalar"),
    "mean of the wrong side": ("x = row_mean(c)", 2, 7, "row_mean takes a tensor or a row here; 'c' is a column"),
    "sum of a row": ("x = sum(r)", 2, 7, "sum takes a tensor here; 'r' is a row"),
    "dot of squares": ("x = dot(l, l)", 2, 7, "dot takes a tensor here; 'l' is a left square"),
    "tensor for a row": ("r = g", 3, 3, "a slot must be a row here; 'r' is a tensor"),
    "column for a row": ("r = c", 3, 3, "a slot must be a row here; 'r' is a column"),
    "scalar for a column": ("c = lr", 3, 3, "a slot must be a column here; 'c' is a scalar"),
    "right for a left": ("l = q", 3, 3, "a slot must be a left square here; 'l' is a right square"),
    "per tensor for a scalar": ("d = norm(g)", 3, 3, "a slot must be a scalar here; 'd' is a scalar per tensor"),
    "scalar for a per tensor": ("s = d", 3, 3, "a slot must be a scalar per tensor here; 's' is a scalar"),
    "row for a tensor": ("m = r", 3, 3, "a slot must be a tensor here; 'm' is a row"),
    "row for the update": ("g = r", 3, 3, "the update must be a tensor; 'g' is a row"),
}


@pytest.mark.parametrize(("line", "row", "column", "message"), ERRORS_OF_SHAPES.values(), ids=ERRORS_OF_SHAPES)
def test_errors_of_shapes_say_what_and_where(line, row, column, message):
    slots = "m, r: row, c: column, l: left, q: right, s: per_tensor, d: scalar"
    text = f"def train(w, g, {slots}, lr):\n  {line}\n  return g, m, r, c, l, q, s, d\n"
    with pytest.raises(ProgramError) as caught:
        check_program(text, "mine.py")
    assert (caught.value.message, caught.value.location) == (message, Location(row, column))


@pytest.mark.parametrize(("line", "row", "column", "message"), ERRORS.values(), ids=ERRORS)
def test_errors_say_what_and_where(line, row, column, message):
    text = f"def train(w, g, m, lr, t, *, b1=0.9):\n  {line}\n  return g, m\n"
    with pytest.raises(ProgramError) as caught:
        check_program(text, "mine.py")
    error = caught.value
    assert error.message == message
    assert error.location == Location(row, column)
    assert (error.file, error.source) == ("mine.py", text)


def test_check_program_passes_on_the_errors_of_the_parser():
    with pytest.raises(ProgramError, match="unknown operation"):
        check_program("def train(w, g, lr): return sine(g)")


def test_check_program_returns_the_program():
    text = "def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * lr, m"
    assert check_program(text) == parse(text)


@pytest.mark.parametrize(
    ("program", "index", "message"),
    [
        (Program((Statement("x", "sin", ("y",)),), "g"), 0, "'y' is read before it is written"),
        (Program((Statement("x", "sin", ("t",)),), "g"), 0, "'t' is read before it is written"),
        (Program((Statement("x", "sin", ("g",)),), "y"), 1, "the update must be a tensor; 'y' is never written"),
        (Program((Statement("x", "dot", ("g", 1.0)),), "g"), 0, "dot takes a tensor here; 1.0 is a scalar"),
    ],
)
def test_programs_built_by_hand(program, index, message):
    with pytest.raises(KindError) as caught:
        infer_kinds(program)
    assert (caught.value.index, caught.value.detail) == (index, message)
    assert str(caught.value) == f"<program>: statement {index + 1}: {message}"
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.index, again.detail, str(again)) == (index, message, str(caught.value))


# Programs that were changed at random, judged again from a table written by hand

LETTERS = "SPTRCLQX"  # in the order of `Kind`; Q is a right square, X a transposed tensor
FIXED = {
    **{"norm": "T P", "global_norm": "T S", "dot": "TT S", "cosine_sim": "TT S", "clip": "TS T"},
    **{"sum": "T P", "mean": "T P", "size": "T P", "rows": "T P", "columns": "T P", "dimensions": "T P"},
    **{"unit_norm": "T T", "global_sum": "T S", "orthogonalize": "T T"},
    **{"row_mean": "T C, R C", "column_mean": "T R, C R", "transpose": "T X, X T, L L, Q Q"},
    **{"matmul": "TX L, XT Q, LT T, TQ T, LL L, QQ Q, QX X, XL X"},
    **{"eye": "L L, Q Q", "inverse_root": "LS L, QS Q", "eigenvectors": "L L, Q Q", "orthonormal": "L L, Q Q"},
}
SIGNATURES = {name: dict(case.split() for case in cases.split(", ")) for name, cases in FIXED.items()}


def joined(kinds: str) -> str | None:
    shaped = set(kinds) - {"S", "P"}
    if len(shaped) > 1:
        return "T" if shaped <= {"T", "R", "C"} else None
    return shaped.pop() if shaped else max(kinds, key="SP".index, default="S")


def judge(program: Program) -> str | int:
    """The kinds as letters, or the number of the first wrong statement."""
    slots = {slot: LETTERS[kind] for slot, kind in program.state}
    known = {"w": "T", "g": "T", "lr": "S"} | slots
    known |= dict.fromkeys((*program.optional_inputs, *(name for name, _ in program.hyperparameters)), "S")
    kinds = ""
    for index, statement in enumerate(program.statements):
        found = "".join(known.get(a, "?") if isinstance(a, str) else "S" for a in statement.arguments)
        if "?" in found:
            return index
        name = statement.operation
        result = SIGNATURES[name].get(found) if name in SIGNATURES else joined(found)
        if result is None:
            return index
        known[statement.target] = result
        kinds += result
    right = known.get(program.update) == "T" and all(known[slot] == kind for slot, kind in slots.items())
    return kinds if right else len(program.statements)


def test_the_table_written_by_hand_is_of_the_rows_that_do_not_join():
    special = [name for name, row in OPERATIONS.items() if row.arity and (row.result is not None or row.signatures)]
    assert sorted(SIGNATURES) == sorted(special)


def change_argument(rng: random.Random, program: Program) -> Program:
    statements = list(program.statements)
    index = rng.choice([i for i, statement in enumerate(statements) if statement.arguments])
    arguments = list(statements[index].arguments)
    names = [*program.initial_variables, *(statement.target for statement in statements)]
    arguments[rng.randrange(len(arguments))] = random_constant(rng) if rng.random() < 0.2 else rng.choice(names)
    statements[index] = replace(statements[index], arguments=tuple(arguments))
    return replace(program, statements=tuple(statements))


@pytest.mark.parametrize("everything", [False, True], ids=["plain", "everything"])
def test_changed_programs_are_judged_right(everything):
    rng = random.Random(0)
    rejected = 0
    for _ in range(2000):
        operations = None if everything else [*PLAIN_OPERATIONS, *["norm", "dot", "clip", "global_norm"] * 4]
        program = random_program(rng, 10, operations, everything=everything)
        if not any(statement.arguments for statement in program.statements):
            continue
        changed = change_argument(rng, program)
        try:
            verdict: str | int = "".join(LETTERS[kind] for kind in infer_kinds(changed))
        except KindError as error:
            verdict = error.index
            rejected += 1
        assert verdict == judge(changed)
    assert 300 < rejected < 1700


def test_changed_kinds_of_slots_are_judged_right():
    rng = random.Random(1)
    rejected = 0
    for _ in range(1000):
        program = random_program(rng, 8, everything=True)
        changed = replace(program, slot_kinds=tuple(rng.choice([*SLOT_KINDS.values()]) for _ in program.slots))
        try:
            verdict: str | int = "".join(LETTERS[kind] for kind in infer_kinds(changed))
        except KindError as error:
            verdict = error.index
            rejected += 1
        assert verdict == judge(changed)
    assert 200 < rejected < 800
