"""Names that exported code has another use for: the numbers stay the oracle's in every kind of export."""

import inspect

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from exports.exported import run_module

from lionsearch import optax_factory, to_optax, to_torch
from lionsearch.archive.targets import Provenance
from lionsearch.exports.optax_module import write_optax_module
from lionsearch.exports.preparation import prepare
from lionsearch.lang import Program, parse
from lionsearch.semantics.oracle import run_oracle

WEIGHTS = np.array([1.0, -2.0, 0.5])
GRADIENTS = (np.array([0.3, -0.1, 2.0]), np.array([-1.0, 0.4, 0.7]))
RATE = 0.1
TAKEN = (
    *("learning_rate", "mask", "state_dtype", "init", "update", "updates", "state", "params", "extra", "leaves"),
    *("structure", "numbers", "rate", "start", "dtype", "slot", "make", "count", "index", "program", "Program"),
    *("ProgramState", "self", "maximize", "defaults", "step", "group", "closure", "states", "row", "loss_", "p", "x"),
    *("initial_lr", "jax", "jnp", "optax", "torch", "Any", "NamedTuple", "super", "float", "zip", "each", "each_1"),
    *("_", "_1", "_wide", "__class__", "new_m", "param_names"),
)
PAIRS = (
    *(("m", "_m"), ("_1", "m"), ("_1", "x1"), ("__", "x"), ("count", "count_"), ("count_", "count")),
    *(("step", "step_"), ("index", "_index"), ("_fields", "fields"), ("self", "_self"), ("mask", "mask_")),
)


def _with_hyperparameter(name: str) -> Program:
    return parse(
        f"def train(w, g, m, n: scalar, lr, *, {name}=0.5):\n"
        f"  m = interp(g, m, {name})\n  n = n + {name}\n  return (m + w * {name}) * (lr * n), m, n\n"
    )


def _with_slots(tensor: str, number: str) -> Program:
    return parse(
        f"def train(w, g, {tensor}, {number}: scalar, lr):\n"
        f"  {tensor} = interp(g, {tensor}, 0.9)\n  {number} = {number} + dot(g, w)\n"
        f"  return ({tensor} + w / {number}) * lr, {tensor}, {number}\n"
    )


def _with_tensors(one: str, two: str) -> Program:
    return parse(
        f"def train(w, g, {one}, {two}, lr):\n"
        f"  {one} = interp(g, {one}, 0.9)\n  {two} = interp(w, {two}, 0.5)\n"
        f"  return ({one} - {two}) * lr, {one}, {two}\n"
    )


def _with_numbers(one: str, two: str) -> Program:
    return parse(
        f"def train(w, g, {one}: scalar, {two}: scalar, lr):\n"
        f"  {one} = {one} + 1\n  {two} = {two} + dot(g, g)\n  return (g / {one} + w / {two}) * lr, {one}, {two}\n"
    )


SLOTS = [
    *((_with_slots, name, f"_{name}") for name in TAKEN),
    *((make, *pair) for make in (_with_tensors, _with_numbers) for pair in PAIRS),
]


def _optax_file(program: Program):
    return run_module(write_optax_module(prepare(program, Provenance("", "program")), "command"), "m").program


def _check(program: Program, found: np.ndarray) -> None:
    *_, (expected,) = run_oracle(program, (WEIGHTS,), [(g,) for g in GRADIENTS], [RATE] * len(GRADIENTS))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def _train(transform) -> np.ndarray:
    params = jnp.asarray(WEIGHTS, jnp.float32)
    state = transform.init(params)
    for gradient in GRADIENTS:
        updates, state = transform.update(jnp.asarray(gradient, jnp.float32), state, params)
        params = optax.apply_updates(params, updates)
    return np.asarray(params)


def _train_torch(make, settings=None) -> np.ndarray:
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.tensor(WEIGHTS))
    optimizer = make([parameter], lr=RATE, **(settings or {}))
    for gradient in GRADIENTS:
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
    return parameter.detach().numpy()


@pytest.mark.parametrize("name", TAKEN)
def test_a_hyperparameter_of_any_name_is_an_argument(name):
    program = _with_hyperparameter(name)
    shown = prepare(program, Provenance("", "program")).names[name]
    _check(program, _train(_optax_file(program)(RATE)))
    _check(program, _train(to_optax(program, RATE)))
    changed = program.with_hyperparameters({name: 0.25})
    for transform in (_optax_file(program)(RATE, **{shown: 0.25}), to_optax(program, RATE, **{shown: 0.25})):
        _check(changed, _train(transform))
    assert shown in inspect.signature(optax_factory(program)).parameters


@pytest.mark.parametrize("name", TAKEN)
def test_a_hyperparameter_of_any_name_is_one_in_pytorch(name):
    pytest.importorskip("torch")
    program = _with_hyperparameter(name)
    shown = prepare(program, Provenance("", "program")).names[name]
    _check(program, _train_torch(to_torch(program)))
    _check(program.with_hyperparameters({name: 0.25}), _train_torch(to_torch(program), {shown: 0.25}))


@pytest.mark.parametrize(("make", "one", "two"), SLOTS)
def test_slots_of_any_name_are_apart(make, one, two):
    program = make(one, two)
    written, direct = _optax_file(program)(RATE), to_optax(program, RATE)
    _check(program, _train(written))
    _check(program, _train(direct))
    fields = [type(transform.init(jnp.ones(2)))._fields for transform in (written, direct)]
    assert fields[0] == fields[1]


@pytest.mark.parametrize(("make", "one", "two"), SLOTS)
def test_slots_of_any_name_are_apart_in_pytorch(make, one, two):
    pytest.importorskip("torch")
    program = make(one, two)
    _check(program, _train_torch(to_torch(program)))


def test_a_name_of_its_own_does_not_give_way_to_a_changed_one():
    program = parse("def train(w, g, lr, *, mask=1.0, mask_=2.0): return g * (lr * mask + mask_)")
    names = prepare(program, Provenance("", "program")).names
    assert (names["mask"], names["mask_"]) == ("mask__", "mask_")


@pytest.mark.parametrize("name", ["sum", "jax", "torch", "map", "value_error"])
def test_a_program_may_have_a_name_of_python(name):
    program = parse("def train(w, g, lr): return g * (lr * dot(g, g))")
    prepared = prepare(program, Provenance("", name))
    module = run_module(write_optax_module(prepared, "command"), "m")
    _check(program, _train(getattr(module, prepared.name)(RATE)))


def test_the_dtypes_of_the_state_are_given_by_the_programs_names():
    program = _with_tensors("count", "_m")
    for make in (_optax_file(program), optax_factory(program)):
        state = make(RATE, state_dtype={"_m": jnp.bfloat16}).init(jnp.ones(2))
        assert (state.count_.dtype, state.m.dtype) == (jnp.float32, jnp.bfloat16)
        with pytest.raises((ValueError, LookupError), match=r"unknown slots? .*'count_'.*count"):
            make(RATE, state_dtype={"count_": jnp.bfloat16})
