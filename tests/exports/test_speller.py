"""Every operation, written for both libraries, does what the table says."""

import ast
from itertools import product

import numpy as np
import pytest
from exports.exported import draw, expected_weights, largest_difference, rule_weights

from lionsearch.exports.speller import constant
from lionsearch.graph import KindError, infer_kinds
from lionsearch.lang import OPERATIONS, Kind, Program, parse

DATA = draw(3, steps=1)
_ARGUMENTS = ("g", "w", "lr", "t", "b", "norm(g)", "0.5", "row_mean(w)", "column_mean(g)", "matmul(g, transpose(w))")
_LEFT, _RIGHT = "matmul(g, transpose(g))", "matmul(transpose(g), g)"
_TAKEN = {
    Kind.TRANSPOSED: "transpose(w)",
    Kind.LEFT: f"{_LEFT} + eye({_LEFT})",
    Kind.RIGHT: f"{_RIGHT} + eye({_RIGHT})",
}
_UP_TO_SIGN = ("eigenvectors", "orthonormal")


def operation_programs(name: str) -> list[Program]:
    """Return programs in which the operation acts on arguments of every kind that it takes."""
    row = OPERATIONS[name]
    if row.signatures is not None:
        choices = [[_TAKEN.get(kind) or _of_kind(kind) for kind in kinds] for kinds in row.signatures]
    else:
        choices = [list(each) for each in product(_ARGUMENTS[:-1], repeat=row.arity)][:: (1, 1, 4, 37)[row.arity]]
    programs = []
    for arguments in choices:
        call = f"{name}({', '.join(arguments)})"
        program = _wrapped(f"square({call})" if name in _UP_TO_SIGN else call)
        if program is not None:
            programs.append(program)
    return programs


def _of_kind(kind: Kind) -> str:
    return {Kind.TENSOR: "w", Kind.SCALAR: "4", Kind.ROW: "column_mean(g)", Kind.COLUMN: "row_mean(g)"}[kind]


def _wrapped(call: str) -> Program | None:
    """Return a program around a call; what is not a tensor is made one."""
    for ending in ("x + 0 * w", "matmul(x, w)", "matmul(w, x)", "transpose(x) + w", "w + 0 * dot(w, w)"):
        program = parse(f"def train(w, g, lr, t, *, b=0.9):\n  x = {call}\n  return {ending}\n")
        try:
            infer_kinds(program)
        except KindError:
            continue
        return program
    return None


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_in_jax_is_the_one_of_the_table(name):
    _check(name, None)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_in_pytorch_is_the_one_of_the_table(name):
    _check(name, pytest.importorskip("torch"))


def _check(name, torch):
    programs = operation_programs(name)
    assert programs
    for program in programs:
        found = rule_weights(program, DATA, 0.1, torch)
        assert largest_difference(found, expected_weights(program, DATA, 0.1)) < 1e-9, program


@pytest.mark.parametrize("torch", [None, "torch"])
def test_arithmetic_is_total(torch):
    torch = pytest.importorskip("torch") if torch else None
    expressions = (
        "g / (w - w)",
        "reciprocal(g - g)",
        "g % (w - w)",
        "sqrt(-abs(g))",
        "1 / (b - 0.9)",
        "0 * g / (t - 1)",
    )
    for expression in expressions:
        program = parse(f"def train(w, g, lr, t, *, b=0.9): return g + 0 * w + {expression}")
        found = rule_weights(program, DATA, 0.1, torch)
        assert all(np.isfinite(leaf).all() for leaves in found for leaf in leaves)
        assert largest_difference(found, expected_weights(program, DATA, 0.1)) < 1e-12


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (-2.0, "-2"), (0.1, "0.1"), (1e-8, "1e-08"), (1e9, "1000000000.0"), (-0.0, "-0.0")]
)
def test_numbers_are_written_shortly_and_read_back(value, text):
    assert ast.unparse(constant(value)) == text
    assert float(text) == value
    assert np.isinf(eval(ast.unparse(constant(float("inf")))))
