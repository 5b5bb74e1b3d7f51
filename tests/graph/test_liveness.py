from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from strategies import STACKED_SHAPES, programs, random_leaves, run_updates, same_numbers

from lionsearch.graph import find_live, infer_kinds, remove_dead_code
from lionsearch.lang import Program, format_program, parse
from lionsearch.semantics.oracle import run_oracle

PROGRAMS = Path(__file__).parents[2] / "programs"


def stripped(*lines: str, parameters: str = "w, g, m, v, lr") -> str:
    """The program without dead code, its lines joined by semicolons."""
    text = format_program(remove_dead_code(parse(f"def train({parameters}):\n  " + "\n  ".join(lines))))
    return "; ".join(line.strip() for line in text.splitlines())


@pytest.mark.parametrize(
    ("lines", "expected"),
    {
        "unread": (["x = sin(g)", "return g, m, v"], "def train(w, g, lr):; return g"),
        "overwritten": (["x = sin(g)", "x = cos(g)", "return x, m, v"], "def train(w, g, lr):; x = cos(g); return x"),
        "read by its successor": (
            ["x = sin(g)", "x = cos(x)", "return x, m, v"],
            "def train(w, g, lr):; x = sin(g); x = cos(x); return x",
        ),
        "written after its last read": (
            ["x = sin(g)", "y = x", "x = cos(g)", "return y, m, v"],
            "def train(w, g, lr):; x = sin(g); y = x; return y",
        ),
        "slot overwritten before it is read": (
            ["m = sin(g)", "return m, m, v"],
            "def train(w, g, lr):; m = sin(g); return m",
        ),
        "slot that only feeds itself": (["m = m + g", "return g, m, v"], "def train(w, g, lr):; return g"),
        "slots that only feed each other": (
            ["x = m", "m = v + g", "v = x", "return g, m, v"],
            "def train(w, g, lr):; return g",
        ),
        "slot read in the next step": (
            ["x = m", "m = g", "return x, m, v"],
            "def train(w, g, m, lr):; x = m; m = g; return x, m",
        ),
        "slot live through another slot": (
            ["x = v", "v = m", "m = sin(g)", "return x, m, v"],
            "def train(w, g, m, v, lr):; x = v; v = m; m = sin(g); return x, m, v",
        ),
        "slot never written": (["return g + m, m, v"], "def train(w, g, m, lr):; v1 = g + m; return v1, m"),
        "written input": (["g = m", "m = w", "return g, m, v"], "def train(w, g, m, lr):; g = m; m = w; return g, m"),
    }.values(),
)
def test_what_is_dead(lines, expected):
    assert stripped(*lines) == expected


def test_unread_inputs_and_hyperparameters_go():
    assert stripped("x = g * b2", "b3 = x", "return x * b3 * t", parameters="w, g, lr, h, t, *, b1=1, b2=2, b3=3") == (
        "def train(w, g, lr, t, *, b2=2.0):; x = g * b2; b3 = x; v1 = x * b3; v2 = v1 * t; return v2"
    )


@pytest.mark.parametrize(
    ("parameters", "lines", "expected"),
    {
        "kinds of live slots": (
            "w, g, m, r: row, u, d: scalar, lr",
            ["r = r + column_mean(g)", "d = d + 1", "u = sin(g)", "return g * r / d, m, r, u, d"],
            "def train(w, g, r: row, d: scalar, lr):; v1 = column_mean(g); r = r + v1; d = d + 1.0; "
            "v2 = g * r; v3 = v2 / d; return v3, r, d",
        ),
        "kinds of dead slots": (
            "w, g, r: row, m, d: scalar, lr",
            ["r = r + column_mean(g)", "d = norm(g)", "d = 1", "m = m + g", "return m, r, m, d"],
            "def train(w, g, m, lr):; m = m + g; return m, m",
        ),
        "slots between others": (
            "w, g, l: left, q: right, c: column, lr",
            ["l = l + 1", "q = q + matmul(transpose(g), g)", "c = row_mean(g)", "return matmul(g, q), l, q, c"],
            "def train(w, g, q: right, lr):; v1 = transpose(g); v2 = matmul(v1, g); q = q + v2; "
            "v3 = matmul(g, q); return v3, q",
        ),
    }.values(),
)
def test_slots_keep_their_kinds(parameters, lines, expected):
    assert stripped(*lines, parameters=parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "lines", "expected"),
    {
        "of a live input, read by no statement": (
            "w, g, lr, h, *, hessian_every=10",
            ["return g * h"],
            "def train(w, g, lr, h, *, hessian_every=10.0):; v1 = g * h; return v1",
        ),
        "of a dead input": (
            "w, g, lr, h, t, *, hessian_every=10",
            ["x = g * h", "return g * t"],
            "def train(w, g, lr, t):; v1 = g * t; return v1",
        ),
        "of an input that is overwritten before it is read": (
            "w, g, lr, h, *, hessian_every=10",
            ["h = w", "return g * h"],
            "def train(w, g, lr):; h = w; v1 = g * h; return v1",
        ),
        "of a dead input, read by a statement": (
            "w, g, lr, g_ahead, *, rho=0.1",
            ["x = g_ahead", "return g * rho"],
            "def train(w, g, lr, *, rho=0.1):; v1 = g * rho; return v1",
        ),
        "of one of two inputs": (
            "w, g, lr, g_anchor, g_full, *, anchor_every=20",
            ["x = g - g_anchor", "return g_full"],
            "def train(w, g, lr, g_full, *, anchor_every=20.0):; return g_full",
        ),
        "of another input": (
            "w, g, lr, g_ahead, *, rho=0.1, hessian_every=3, anchor_every=20",
            ["return g_ahead"],
            "def train(w, g, lr, g_ahead, *, rho=0.1):; return g_ahead",
        ),
    }.values(),
)
def test_settings_live_with_their_inputs(parameters, lines, expected):
    assert stripped(*lines, parameters=parameters) == expected


@pytest.mark.parametrize("hyperparameters", ["", ", *, hessian_every=5"])
def test_what_is_read_is_of_the_program(hyperparameters):
    program = parse(f"def train(w, g, lr, h{hyperparameters}): return (w + g) * h * lr")
    assert find_live(program).reads == {*program.initial_variables}
    assert remove_dead_code(program) is program


def test_live_code_is_returned_as_it_is():
    program = parse((PROGRAMS / "adamw.py").read_text())
    assert remove_dead_code(program) is program


def test_lion_raw_has_twelve_live_statements_and_one_slot():
    live = remove_dead_code(parse((PROGRAMS / "lion_raw.py").read_text()))
    assert (len(live.statements), live.slots) == (12, ("v",))


EVERY_PROGRAM = programs() | programs(everything=True)


@given(EVERY_PROGRAM)
def test_removing_dead_code_leaves_every_update_and_live_slot(program):
    live = remove_dead_code(program)
    before, after = (run_updates(each, shapes=STACKED_SHAPES) for each in (program, live))
    for (update, slots), (live_update, live_slots) in zip(before, after, strict=True):
        assert same_numbers(update, live_update)
        assert all(same_numbers(slots[slot], live_slots[slot]) for slot in live.slots)


@given(EVERY_PROGRAM)
def test_removing_dead_code_leaves_every_step_of_training(program):
    data = np.random.default_rng(1)
    weights, gradients, rates = random_leaves(data), [random_leaves(data) for _ in range(4)], [1.0, 0.7, 0.3, 0.1]
    before = run_oracle(program, weights, gradients, rates)
    after = run_oracle(remove_dead_code(program), weights, gradients, rates)
    assert all(same_numbers(one, two) for one, two in zip(before, after, strict=True))


@given(EVERY_PROGRAM)
def test_a_stripped_program_is_valid_and_all_live(program):
    live = remove_dead_code(program)
    infer_kinds(live)
    assert remove_dead_code(live) == live
    found = find_live(live)
    assert found.statements == tuple(range(len(live.statements)))
    assert found.slots == live.slots
    assert live.state == tuple((slot, kind) for slot, kind in program.state if slot in found.slots)
    assert found.reads == {*live.initial_variables} - ({"w", "g", "lr"} - found.reads)
    assert (live.update, live.description) == (program.update, program.description)


def reached_from_the_updates(program: Program, steps: int) -> tuple[set[int], set[str]]:
    """Statements, and slots' values between steps, on a path to some update: the graph of all steps, walked plainly."""
    current = {name: ("start", 0, name) for name in program.initial_variables}
    edges: dict[tuple, list[tuple]] = {}
    updates = []
    for step in range(steps):
        for slot in program.slots:
            edges["start", step, slot] = [current[slot]] if step else []
            current[slot] = ("start", step, slot)
        variables = {name: ("start", 0, name) for name in program.initial_variables}
        variables |= {slot: current[slot] for slot in program.slots}
        for index, statement in enumerate(program.statements):
            edges["statement", step, index] = [variables[a] for a in statement.arguments if isinstance(a, str)]
            variables[statement.target] = ("statement", step, index)
        updates.append(variables[program.update])
        current = variables
    seen: set[tuple] = set()
    while updates:
        node = updates.pop()
        if node not in seen:
            seen.add(node)
            updates += edges.get(node, [])
    statements = {index for what, _, index in seen if what == "statement"}
    return statements, {name for what, _, name in seen if what == "start"} & {*program.slots}


@given(EVERY_PROGRAM)
def test_live_is_what_reaches_an_update_in_the_graph_of_all_steps(program):
    statements, slots = reached_from_the_updates(program, steps=len(program.slots) + 2)
    live = find_live(program)
    assert set(live.statements) == statements
    assert set(live.slots) == slots
