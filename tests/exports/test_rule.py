"""The function of an exported file against the oracle: every program, compositions, and random programs."""

import random

import numpy as np
import pytest
from exports.exported import draw, expected_weights, largest_difference, rule_weights
from strategies import random_program

from lionsearch.archive.targets import Provenance
from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.errors import SettingError
from lionsearch.exports.preparation import prepare
from lionsearch.exports.rule import write_rule
from lionsearch.graph import remove_dead_code
from lionsearch.graph.lowering import lower
from lionsearch.lang import format_program, parse

DATA = draw(0)
COMPOSITIONS = ("lookahead(adamw, k=2)", "clip_norm(lion, limit=0.5)", "matrices(muon, adamw_debiased)")


@pytest.mark.parametrize("name", [*PROGRAMS.names(), *COMPOSITIONS])
def test_the_jax_rule_gives_the_oracles_numbers(name):
    program = load_program(name)
    expected = expected_weights(program, DATA, 0.03)
    assert largest_difference(rule_weights(program, DATA, 0.03), expected) < 1e-12


@pytest.mark.parametrize("name", [*PROGRAMS.names(), *COMPOSITIONS])
def test_the_pytorch_rule_gives_the_oracles_numbers(name):
    torch = pytest.importorskip("torch")
    program = load_program(name)
    expected = expected_weights(program, DATA, 0.03)
    assert largest_difference(rule_weights(program, DATA, 0.03, torch), expected) < 1e-10


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_keep_their_meaning(seed):
    program = remove_dead_code(random_program(random.Random(seed), 12, everything=seed % 2 == 0))
    try:
        prepare(program, Provenance("", "random"))
    except SettingError:
        return
    try:
        found, expected = rule_weights(program, DATA, 0.1), expected_weights(program, DATA, 0.1)
    except np.linalg.LinAlgError:  # where NumPy does not go on with NaN
        return
    assert largest_difference(found, expected) < 1e-7, format_program(program)


def _lines(body: str, torch: bool = False) -> str:
    program = parse(f"def train(w, g, m, lr, t, *, b1=0.9):\n  {body}\n")
    return "\n".join(write_rule(lower(program), torch=torch).lines)


def test_numbers_are_computed_once_and_outside_of_the_function_of_one_parameter():
    text = _lines("m = interp(g, m, b1)\n  return m / (1 - b1 ** t) * lr, m")
    before, inside = text.split("def each")
    assert "b1 ** t" in before
    assert "b1 ** t" not in inside


def test_a_name_is_not_used_again_while_its_value_is_needed():
    text = _lines("g = sin(g)\n  x = g * m\n  m = g + m\n  return m * x, m")
    assert "m = g + m" in text
    text = _lines("y = cos(m)\n  x = m\n  m = g + y\n  return x * lr, m")
    assert "m_2 = g + jnp.cos(m)" in text.replace("y", "jnp.cos(m)") or "m_2 = g + y" in text


def test_numbers_and_parameters_do_not_share_names():
    text = _lines("lr = lr * g\n  return lr, m")
    assert "lr_2 = lr * g" in text


def test_names_of_python_and_of_the_file_are_left_alone():
    text = _lines("jnp = sin(g)\n  map = cos(jnp)\n  each = map * lr\n  _x = each * 2\n  return _x, m")
    assert "jnp_ = jnp.sin(g)" in text
    assert "map_ = jnp.cos(jnp_)" in text
    assert "each_ = map_ * lr" in text
    assert "x = each_ * 2" in text


def test_what_pytorch_overwrites_is_copied_into_a_slot():
    assert "w.clone()" in _lines("u = g * m\n  m = w\n  return u, m", torch=True)
