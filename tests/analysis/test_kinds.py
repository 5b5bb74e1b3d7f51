import pickle
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from strategies import Float32Space, programs, random_constant, random_leaves, random_program

from lionsearch.analysis import KindError, check_program, infer_kinds, initial_kinds
from lionsearch.errors import Location, ProgramError
from lionsearch.lang import OPERATIONS, Kind, Program, Statement, parse

SCALAR, PER_TENSOR, TENSOR = Kind


def test_initial_kinds():
    program = parse("def train(w, g, m, lr, t, h, loss, *, b1=0.9): return g, m")
    assert initial_kinds(program) == {
        **{"w": TENSOR, "g": TENSOR, "m": TENSOR, "h": TENSOR},
        **{"lr": SCALAR, "t": SCALAR, "loss": SCALAR, "b1": SCALAR},
    }


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


def test_a_name_takes_the_kind_of_its_last_value():
    program = parse("def train(w, g, lr):\n  x = g\n  x = norm(x)\n  x = lr * 2\n  x = g * x\n  return x")
    assert infer_kinds(program) == (TENSOR, PER_TENSOR, SCALAR, TENSOR)


def kind_of(value) -> Kind:
    if not isinstance(value, tuple):
        return SCALAR
    return PER_TENSOR if all(np.shape(leaf) == () for leaf in value) else TENSOR


@given(programs())
def test_kinds_are_how_the_values_are_stored(program):
    data, space = np.random.default_rng(0), Float32Space(np)
    values = {name: np.float32(0.5) for name in program.initial_variables}
    values |= {name: random_leaves(data) for name in ("w", "g", *program.slots)}
    with np.errstate(all="ignore"):
        for statement, kind in zip(program.statements, infer_kinds(program), strict=True):
            arguments = [values[a] if isinstance(a, str) else a for a in statement.arguments]
            values[statement.target] = OPERATIONS[statement.operation].apply(space, *arguments)
            assert kind_of(values[statement.target]) is kind


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

SIGNATURES = {"norm": "T", "global_norm": "T", "dot": "TT", "cosine_sim": "TT", "clip": "TS"}
RESULTS = {"norm": "P", "global_norm": "S", "dot": "S", "cosine_sim": "S", "clip": "T"}


def judge(program: Program) -> str | int:
    """The kinds as letters, or the number of the first wrong statement."""
    known = dict.fromkeys(("w", "g", *program.slots), "T") | {"lr": "S"}
    known |= dict.fromkeys((*program.optional_inputs, *(name for name, _ in program.hyperparameters)), "S")
    kinds = ""
    for index, statement in enumerate(program.statements):
        found = "".join(known.get(a, "?") if isinstance(a, str) else "S" for a in statement.arguments)
        if "?" in found or SIGNATURES.get(statement.operation, found) != found:
            return index
        widest = next((letter for letter in "TPS" if letter in found), "S")
        known[statement.target] = RESULTS.get(statement.operation, widest)
        kinds += known[statement.target]
    outputs = {known.get(name) for name in (program.update, *program.slots)}
    return kinds if outputs == {"T"} else len(program.statements)


def change_argument(rng: random.Random, program: Program) -> Program:
    statements = list(program.statements)
    index = rng.choice([i for i, statement in enumerate(statements) if statement.arguments])
    arguments = list(statements[index].arguments)
    names = [*program.initial_variables, *(statement.target for statement in statements)]
    arguments[rng.randrange(len(arguments))] = random_constant(rng) if rng.random() < 0.2 else rng.choice(names)
    statements[index] = replace(statements[index], arguments=tuple(arguments))
    return replace(program, statements=tuple(statements))


def test_changed_programs_are_judged_right():
    rng = random.Random(0)
    rejected = 0
    for _ in range(2000):
        program = random_program(rng, 10, operations=[*OPERATIONS, *["norm", "dot", "clip", "global_norm"] * 4])
        if not any(statement.arguments for statement in program.statements):
            continue
        changed = change_argument(rng, program)
        try:
            verdict: str | int = "".join("SPT"[kind] for kind in infer_kinds(changed))
        except KindError as error:
            verdict = error.index
            rejected += 1
        assert verdict == judge(changed)
    assert 300 < rejected < 1700
