import random
from itertools import pairwise

import numpy as np
import pytest
from steps import MODEL_SHAPES, SIZE, TRAINED_INPUTS, draw_leaves
from strategies import PLAIN_OPERATIONS, random_program

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.evaluation.machine import GROUPS, Machine, machine_for
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.update_rule import InterpretedRule
from lionsearch.graph import check_program, infer_kinds, initial_kinds, remove_dead_code
from lionsearch.lang import INPUTS, OPERATIONS, PAPER_OPERATIONS, Kind, Program

LIMITS = Limits(max_length=9, max_slots=2)
MACHINES = [Machine(LIMITS, group) for group in GROUPS]


def machine_of(text: str) -> Machine:
    return machine_for(remove_dead_code(check_program(text)), LIMITS)


@pytest.mark.parametrize(
    ("text", "group", "inputs"),
    [
        ("def train(w, g, lr): return g * lr", "paper", ()),
        ("def train(w, g, lr, t): return g", "paper", ()),
        ("def train(w, g, m, lr, t):\n m = m\n return m + clip(g, lr) / t, m", "paper", ()),
        ("def train(w, g, lr): return where(g > 0, g, lr)", "extended", ()),
        ("def train(w, g, s: scalar, lr):\n s = s + lr\n return g * s, s", "paper", ()),
        ("def train(w, g, s: per_tensor, lr):\n s = s + sum(g)\n return g * s, s", "extended", ()),
        ("def train(w, g, c: column, lr):\n c = c * 0.5\n return g * c, c", "paper", ()),
        ("def train(w, g, lr): return orthogonalize(g)", "matrix", ()),
        ("def train(w, g, lr): return transpose(transpose(g)) % 2", "matrix", ()),
        ("def train(w, g, lr, loss): return g * loss", "paper", ("loss",)),
        ("def train(w, g, lr, h, t, loss): return g * (h > t) * loss", "extended", ("loss", "h")),
        ("def train(w, g, lr, loss, t, h): return g * (h > t) * loss", "extended", ("loss", "h")),
        ("def train(w, g, lr, h_gnb, h): return orthogonalize(h) * h_gnb + g", "matrix", ("h", "h_gnb")),
        ("def train(w, g, lr, g_full, g_ahead): return g_ahead + g_full", "paper", ("g_ahead", "g_full")),
    ],
)
def test_a_program_runs_on_the_smallest_machine(text, group, inputs):
    assert machine_of(text) == Machine(LIMITS, group, inputs)


def test_what_is_dead_needs_no_machine():
    assert machine_of("def train(w, g, lr, h):\n x = orthogonalize(h)\n return g * lr") == Machine(LIMITS)


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_known_programs_need_no_more_than_they_name(name):
    program = remove_dead_code(load_program(name))
    machine = machine_for(program, Limits())
    assert set(machine.inputs) == set(program.optional_inputs) - {"t"}
    groups = {OPERATIONS[statement.operation].group for statement in program.statements} - {"syntax"}
    assert machine.group == max(groups, key=GROUPS.index)


def layouts(program: Program) -> set[tuple[str, tuple[Kind, ...]]]:
    """The program's instructions, from its statements alone."""
    kinds, found = initial_kinds(program), set()
    for statement, result in zip(program.statements, infer_kinds(program), strict=True):
        given = tuple(kinds[a] if isinstance(a, str) else Kind.SCALAR for a in statement.arguments)
        found.add((statement.operation, given if OPERATIONS[statement.operation].signatures is not None else ()))
        kinds[statement.target] = result
    return found


def test_the_smallest_machine_knows_all_that_a_program_does_and_no_smaller_one_does():
    rng = random.Random(3)
    seen = set()
    for _ in range(300):
        program = remove_dead_code(random_program(rng, rng.randint(0, 12), everything=rng.random() < 0.7))
        machine = machine_for(program, LIMITS)
        seen.add(machine.group)
        assert layouts(program) <= set(machine.opcodes)
        smaller = GROUPS[: GROUPS.index(machine.group)]
        assert not any(layouts(program) <= set(Machine(LIMITS, group).opcodes) for group in smaller)
    assert seen == set(GROUPS)


def test_the_paper_machine_knows_the_paper_and_the_copy():
    assert [name for name, _ in MACHINES[0].instructions] == [*PAPER_OPERATIONS, "copy"]
    assert {name for name, _ in MACHINES[0].instructions} == set(PLAIN_OPERATIONS)


def test_each_machine_knows_what_the_one_before_does_and_the_last_all():
    for small, large in pairwise(MACHINES):
        assert set(small.instructions) < set(large.instructions)
    every = {(name, kinds) for name, row in OPERATIONS.items() for kinds in row.signatures or ((),)}
    assert set(MACHINES[-1].instructions) == every


@pytest.mark.parametrize("machine", MACHINES, ids=GROUPS)
def test_opcodes_number_the_instructions(machine):
    assert list(machine.opcodes) == list(machine.instructions)
    assert list(machine.opcodes.values()) == list(range(len(machine.instructions)))


def test_an_input_takes_one_row_and_nothing_else():
    plain, one, all_inputs = Machine(LIMITS), Machine(LIMITS, inputs=("h",)), Machine(LIMITS, inputs=TRAINED_INPUTS)
    assert (plain.first_slot, plain.rows) == (2, 2 + LIMITS.max_slots + LIMITS.max_length)
    assert (one.first_slot, one.rows) == (3, plain.rows + 1)
    assert all_inputs.rows == plain.rows + len(INPUTS) - len(("w", "g", "lr", "t"))
    assert {(m.length, m.scalars, m.instructions) for m in (plain, one, all_inputs)} == {
        (plain.length, plain.scalars, plain.instructions)
    }


def test_only_the_matrix_machine_has_room_for_squares():
    leaves = draw_leaves(np.random.default_rng(0))
    assert sum(leaf.size for leaf in leaves) == SIZE
    assert tuple(leaf.shape for leaf in leaves) == MODEL_SHAPES
    widths = {m.group: InterpretedRule(leaves, m).start(leaves).shape for m in MACHINES}
    rows = MACHINES[0].rows
    assert widths == {"paper": (rows, 30), "extended": (rows, 30), "matrix": (rows, 4 * 4 + 5 + 1 + 2 * 3 * 3)}


def test_equal_machines_are_one_key():
    assert len({Machine(LIMITS), Machine(Limits(max_length=9, max_slots=2)), Machine(LIMITS, inputs=())}) == 1
    assert len({*MACHINES, Machine(LIMITS, inputs=("h",)), Machine(Limits())}) == len(MACHINES) + 2
