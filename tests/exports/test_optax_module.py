"""The exported file for optax, imported and driven as an optimizer of optax."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from exports.exported import RATES, draw, expected_weights, largest_difference, run_module

from lionsearch.archive.targets import Provenance, load_target
from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.exports.optax_module import write_optax_module
from lionsearch.exports.preparation import prepare
from lionsearch.lang import parse

DATA = draw(1)
SOME = ("lion", "adam_mini", "momo")


def _module(name: str):
    prepared = prepare(*load_target(name))
    return getattr(run_module(write_optax_module(prepared, "command"), prepared.name), prepared.name)


def _weights(transform):
    params = tuple(map(jnp.asarray, DATA.weights))
    state, history = transform.init(params), []
    for step in range(len(RATES)):
        extra = dict(DATA.extra[step])
        extra["value"] = extra.pop("loss")
        updates, state = transform.update(tuple(map(jnp.asarray, DATA.gradients[step])), state, params, **extra)
        params = optax.apply_updates(params, updates)
        history.append(tuple(map(np.asarray, params)))
    return history


def _check(name):
    with jax.enable_x64(True):
        table = jnp.asarray(RATES)
        found = _weights(_module(name)(lambda count: 0.03 * table[count]))
    assert largest_difference(found, expected_weights(load_program(name), DATA, 0.03)) < 1e-12


@pytest.mark.parametrize("name", SOME)
def test_it_gives_the_oracles_numbers(name):
    _check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PROGRAMS.names() if name not in SOME])
def test_every_program_gives_the_oracles_numbers(name):
    _check(name)


def test_it_needs_jax_and_optax_only(tmp_path):
    (tmp_path / "lion_optax.py").write_text(write_optax_module(prepare(*load_target("lion")), "command"))
    code = (
        "import sys; sys.modules['lionsearch'] = None\n"
        "import jax.numpy as jnp, lion_optax\n"
        "print(lion_optax.lion(0.1).init(jnp.ones(2))); print(lion_optax.__doc__)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "LionState(count=" in done.stdout
    assert "w <- w - lr (sign(b1 m + (1 - b1) g) + weight_decay w)" in done.stdout
    assert "Source: Chen et al. 2023" in done.stdout
    assert "Written by: command" in done.stdout


def test_options_of_a_file():
    make = _module("adamw")
    params = {"a": jnp.ones((2, 2)), "b": jnp.ones(2)}
    gradients = {"a": jnp.full((2, 2), 0.5), "b": jnp.full(2, 0.5)}
    transform = make(0.1, weight_decay=1.0, mask={"a": True, "b": False}, state_dtype={"m": jnp.bfloat16})
    state = transform.init(params)
    assert (state.m["a"].dtype, state.v["a"].dtype) == (jnp.bfloat16, jnp.float32)
    updates, new = transform.update(gradients, state, params)
    native = optax.masked(optax.add_decayed_weights(1.0), {"a": True, "b": False})
    decay, _ = native.update(jax.tree.map(jnp.zeros_like, params), native.init(params), params)
    plain, _ = make(0.1, weight_decay=0.0, state_dtype={"m": jnp.bfloat16}).update(gradients, state, params)
    for name in params:
        np.testing.assert_allclose(updates[name], plain[name] - 0.1 * decay[name], rtol=1e-6)
    assert [leaf.dtype for leaf in jax.tree.leaves(new)] == [leaf.dtype for leaf in jax.tree.leaves(state)]
    with pytest.raises(ValueError, match="adamw reads the weights: call update with params"):
        transform.update(gradients, state)
    momo = _module("momo")(0.1)
    with pytest.raises(ValueError, match=r"momo asks for loss .* pass it to update as value=\.\.\."):
        momo.update(gradients, momo.init(params), params)
    assert transform.update({}, transform.init({}), {})[0] == {}


def test_names_that_a_named_tuple_cannot_have():
    program = parse(
        "def train(w, g, count, _m, lr):\n  count = count + g\n  _m = _m - g\n  return count * _m, count, _m\n"
    )
    text = write_optax_module(prepare(program, Provenance("", "class")), "command")
    module = run_module(text, "odd")
    state = module.class_(0.1).init(jnp.ones(2))
    assert type(state)._fields == ("count", "count_", "m")
