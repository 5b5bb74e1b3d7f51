"""The contract of an optimizer: what the users of optax and of PyTorch do with one."""

import copy
import math
import pickle
import subprocess
import sys
import traceback
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from exports.exported import RATES, draw, expected_weights, largest_difference, run_module

import lionsearch
from lionsearch import optax_factory, to_optax, to_torch
from lionsearch.archive.targets import Provenance, load_target
from lionsearch.catalog import load_program
from lionsearch.errors import SettingError, UnknownNameError
from lionsearch.exports.optax_module import write_optax_module
from lionsearch.exports.preparation import prepare
from lionsearch.lang import Statement, parse
from lionsearch.semantics.oracle import run_oracle

PARAMS = {"dense": {"kernel": jnp.linspace(-1.0, 1.0, 12).reshape(4, 3), "bias": jnp.ones(3)}, "scale": jnp.ones(())}
GRADIENTS = jax.tree.map(lambda x: jnp.cos(3 * x) + 0.1, PARAMS)
DATA = draw(4)
SCHEDULE = optax.linear_schedule(0.1, 0.0, 3)


def _train(transform, params=PARAMS, steps=3, gradients=GRADIENTS, jit=False, **extra):
    update, state = jax.jit(transform.update) if jit else transform.update, transform.init(params)
    for _ in range(steps):
        updates, state = update(gradients, state, params, **extra)
        params = optax.apply_updates(params, updates)
    return params, state


def _assert_close(found, expected, tolerance=1e-6):
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance), found, expected)


_SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("adafactor", "momo", "prodigy", "soap", "lbfgs")]


@pytest.mark.parametrize("name", ["lion", "adamw_debiased", "sophia_g", *_SLOW])
@pytest.mark.thorough
def test_it_gives_the_oracles_numbers(name):
    with jax.enable_x64(True):
        table = jnp.asarray(RATES)
        transform = to_optax(name, lambda count: 0.03 * table[count])
        params, history = tuple(map(jnp.asarray, DATA.weights)), []
        state = transform.init(params)
        for step in range(len(RATES)):
            extra = {**DATA.extra[step], "value": DATA.extra[step]["loss"]}
            updates, state = transform.update(tuple(map(jnp.asarray, DATA.gradients[step])), state, params, **extra)
            params = optax.apply_updates(params, updates)
            history.append(tuple(map(np.asarray, params)))
    assert largest_difference(history, expected_weights(load_program(name), DATA, 0.03)) < 1e-12


@pytest.mark.parametrize(
    ("ours", "native"),
    [
        (to_optax("lion", 0.01, weight_decay=0.1), optax.lion(0.01, weight_decay=0.1)),
        (to_optax("adamw_debiased", 0.01), optax.adamw(0.01, weight_decay=0.01)),
        (to_optax("adamw_debiased", SCHEDULE), optax.adamw(SCHEDULE, weight_decay=0.01)),
    ],
    ids=["lion", "adamw", "adamw with a schedule"],
)
def test_it_trains_as_optax_does_with_as_many_bytes_of_state(ours, native):
    _assert_close(_train(ours)[0], _train(native)[0])
    size = [sum(leaf.nbytes for leaf in jax.tree.leaves(t.init(PARAMS))) for t in (ours, native)]
    assert size[0] <= size[1]


def test_weight_decay_is_masked_as_in_optax():
    def matrices(params):
        return jax.tree.map(lambda x: x.ndim > 1, params)

    native = _train(optax.adamw(0.01, weight_decay=0.5, mask=matrices))[0]
    prefix = {"dense": {"kernel": True, "bias": False}, "scale": False}
    for mask in (matrices, prefix):
        _assert_close(_train(to_optax("adamw_debiased", 0.01, weight_decay=0.5, mask=mask))[0], native)


def test_a_mask_without_a_weight_decay_is_refused():
    with pytest.raises(SettingError, match=r"polyak_sgd: it has no weight_decay .* nothing to mask"):
        to_optax("polyak_sgd", 0.1, mask={})
    program = parse("def train(w, g, s: scalar, lr, *, weight_decay=0.1):\n  s = s + weight_decay\n  return g * s, s\n")
    with pytest.raises(SettingError, match="nothing to mask"):
        to_optax(program, 0.1, mask={})


def test_it_can_be_chained_masked_and_parted():
    lion = to_optax("lion", 0.01)
    chained = optax.chain(optax.clip_by_global_norm(0.5), lion)
    _assert_close(
        _train(chained)[0], _train(optax.chain(optax.clip_by_global_norm(0.5), optax.lion(0.01, weight_decay=0.1)))[0]
    )
    masked = optax.masked(lion, {"dense": True, "scale": False})
    found, _ = _train(masked)
    _assert_close(found["dense"], _train(lion)[0]["dense"])
    _assert_close(found["scale"], PARAMS["scale"] + 3 * GRADIENTS["scale"])
    parts = {"x": lion, "y": optax.sgd(0.1), "nothing has it": to_optax("dog", 1.0)}
    parted = optax.multi_transform(parts, {"dense": "x", "scale": "y"})
    found, _ = _train(parted)
    _assert_close(found["dense"], _train(lion)[0]["dense"])
    _assert_close(found["scale"], _train(optax.sgd(0.1))[0]["scale"])


def test_hyperparameters_are_injected():
    schedule = optax.linear_schedule(0.1, 0.0, 3)
    injected = optax.inject_hyperparams(optax_factory("adamw_debiased"))(learning_rate=schedule, b1=0.8)
    found, state = _train(injected)
    _assert_close(found, _train(to_optax("adamw_debiased", schedule, b1=0.8))[0], 1e-5)
    assert set(state.hyperparams) == {"learning_rate", "b1", "b2", "eps", "weight_decay"}


@pytest.mark.slow
def test_gradients_accumulate():
    steps = optax.MultiSteps(to_optax("adamw_debiased", 0.01), every_k_schedule=2)
    found, _ = _train(steps, steps=4)
    _assert_close(found, _train(to_optax("adamw_debiased", 0.01), steps=2)[0])


def test_what_is_not_finite_is_skipped():
    transform = optax.apply_if_finite(to_optax("lion", 0.01), max_consecutive_errors=5)
    broken = jax.tree.map(lambda x: x * jnp.nan, GRADIENTS)
    found, state = _train(transform, gradients=broken, steps=1)
    _assert_close(found, PARAMS)
    assert int(state.inner_state.count) == 0


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("adamw_debiased", jnp.bfloat16),
        ("adamw_debiased", jnp.float16),
        ("dog", jnp.float32),
        pytest.param("muon", jnp.bfloat16, marks=pytest.mark.slow),
        pytest.param("adam_mini", jnp.bfloat16, marks=pytest.mark.slow),
    ],
)
@pytest.mark.thorough
def test_dtypes_are_kept(name, dtype):
    params, gradients = (jax.tree.map(lambda x: x.astype(dtype), tree) for tree in (PARAMS, GRADIENTS))
    transform = to_optax(name, 0.01)
    state = transform.init(params)
    updates, new = transform.update(gradients, state, params)
    assert {leaf.dtype for leaf in jax.tree.leaves(updates)} == {jnp.dtype(dtype)}
    described = [jax.tree.map(lambda x: (x.shape, x.dtype, x.weak_type), each) for each in (state, new)]
    assert described[0] == described[1]
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(updates))


def test_the_state_is_a_named_tuple_that_mirrors_the_parameters():
    mesh = jax.make_mesh((1,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    params = jax.device_put(PARAMS, sharding)
    state = to_optax("adamw", 0.01).init(params)
    assert type(state)._fields == ("count", "m", "v")
    assert jax.tree.structure(state.m) == jax.tree.structure(params)
    assert all(leaf.sharding == sharding for leaf in jax.tree.leaves(state.m))
    again = pickle.loads(pickle.dumps(state))
    assert type(again) is type(state)
    mapped = optax.tree_utils.tree_map_params(to_optax("adamw", 0.01), lambda leaf: leaf + 1, state)
    assert int(mapped.count) == 0
    assert float(mapped.v["scale"]) == 1.0


def test_the_state_has_the_dtype_asked_for():
    one = to_optax("adamw", 0.01, state_dtype=jnp.bfloat16).init(PARAMS)
    assert {leaf.dtype for leaf in jax.tree.leaves((one.m, one.v))} == {jnp.dtype(jnp.bfloat16)}
    two = to_optax("adamw", 0.01, state_dtype={"m": jnp.bfloat16}).init(PARAMS)
    assert (two.m["scale"].dtype, two.v["scale"].dtype) == (jnp.bfloat16, jnp.float32)
    with pytest.raises(UnknownNameError, match=r"adamw: unknown slot 'mu'"):
        to_optax("adamw", 0.01, state_dtype={"mu": jnp.bfloat16})


def test_a_second_call_does_not_compile_again():
    transform = to_optax("adamw_debiased", optax.cosine_decay_schedule(0.1, 10))
    step = jax.jit(transform.update)
    state, params = transform.init(PARAMS), PARAMS
    for _ in range(3):
        updates, state = step(GRADIENTS, state, params)
        params = optax.apply_updates(params, updates)
    assert step._cache_size() == 1
    _assert_close(params, _train(transform)[0])


def test_it_takes_arguments_that_it_does_not_know():
    transform = to_optax("lion", 0.01)
    found, _ = _train(transform, steps=1, unknown=3)
    _assert_close(found, _train(transform, steps=1)[0])


def test_what_is_missing_is_said():
    momo = to_optax("momo", 1.0)
    with pytest.raises(ValueError, match=r"momo asks for loss .* pass it to update as value=\.\.\."):
        momo.update(GRADIENTS, momo.init(PARAMS), PARAMS)
    sam = to_optax("sam_sgd", 1.0)
    with pytest.raises(ValueError, match=r"sam_sgd asks for g_ahead \(.*rho is 0\.05\)"):
        sam.update(GRADIENTS, sam.init(PARAMS), PARAMS)
    with pytest.raises(ValueError, match="lion reads the weights: call update with params"):
        to_optax("lion", 1.0).update(GRADIENTS, to_optax("lion", 1.0).init(PARAMS))
    with pytest.raises(
        UnknownNameError, match=r"lion: unknown hyperparameter 'weigth_decay'; did you mean 'weight_decay'"
    ):
        to_optax("lion", 1.0, weigth_decay=0.9)
    with pytest.raises(SettingError, match="learning_rate is the learning rate"):
        to_optax("lion", 1.0, lr_scale=0.1)


def test_weights_are_not_asked_for_by_a_program_that_does_not_read_them():
    plain = to_optax(parse("def train(w, g, lr): return g * lr"), 0.5)
    updates, _ = plain.update(GRADIENTS, plain.init(PARAMS))
    _assert_close(updates, jax.tree.map(lambda g: -0.5 * g, GRADIENTS))


BOTH_READS = parse("def train(w, g, lr, *, lr_scale=0.5): return clip(g, lr) * (lr * lr_scale)")


@pytest.mark.parametrize("rate", [0.1, 3.0])
def test_a_program_that_reads_its_learning_rate_unscaled_too_keeps_its_lr_scale(rate):
    weights, gradients = (tuple(map(np.asarray, jax.tree.leaves(tree))) for tree in (PARAMS, GRADIENTS))
    expected = run_oracle(BOTH_READS, weights, [gradients] * 2, [rate] * 2)[-1]
    prepared = prepare(BOTH_READS, Provenance("", "mine"))
    written = run_module(write_optax_module(prepared, "command"), "mine").mine(rate)
    for transform in (written, to_optax(BOTH_READS, rate)):
        _assert_close(tuple(jax.tree.leaves(_train(transform, steps=2)[0])), expected)
    changed = run_oracle(BOTH_READS.with_hyperparameters({"lr_scale": 0.2}), weights, [gradients], [rate])[-1]
    found, _ = _train(to_optax(BOTH_READS, rate, lr_scale=0.2), steps=1)
    _assert_close(tuple(jax.tree.leaves(found)), changed)


@pytest.mark.parametrize("dtypes", [("float32", "bfloat16"), ("bfloat16", "float32"), ("float16", "bfloat16")])
@pytest.mark.parametrize(
    ("name", "native"),
    [("lion", optax.lion(0.01, weight_decay=0.1)), ("adamw_debiased", optax.adamw(0.01, weight_decay=0.01))],
)
def test_mixed_dtypes_come_out_as_in_optax(name, native, dtypes):
    params, gradients = (x.astype(dtype) for x, dtype in zip((jnp.ones(3), jnp.ones(3) / 2), dtypes, strict=True))
    expected, _ = native.update(gradients, native.init(params), params)
    written = run_module(write_optax_module(prepare(*load_target(name)), "command"), name)
    for transform in (to_optax(name, 0.01), getattr(written, name)(0.01)):
        updates, state = transform.update(gradients, transform.init(params), params)
        assert updates.dtype == expected.dtype
        assert state.m.dtype == params.dtype
        np.testing.assert_allclose(updates.astype(float), expected.astype(float), rtol=0.02)


def test_without_parameters_an_update_has_the_dtype_of_its_gradient():
    plain = to_optax(parse("def train(w, g, lr): return g * lr"), 0.5)
    gradient, params = jnp.ones(3, jnp.bfloat16), jnp.ones(3)
    assert plain.update(gradient, plain.init(params))[0].dtype == jnp.bfloat16
    assert plain.update(gradient, plain.init(params), params)[0].dtype == jnp.float32


def test_a_program_without_lr_scale_gets_the_learning_rate_as_its_lr():
    plain = to_optax(parse("def train(w, g, lr): return g * (lr * 0.1)"), 0.5)
    updates, _ = plain.update(GRADIENTS, plain.init(PARAMS))
    _assert_close(updates, jax.tree.map(lambda g: -0.05 * g, GRADIENTS))


def test_flax_trains_with_it():
    train_state = pytest.importorskip("flax.training.train_state")
    state = train_state.TrainState.create(apply_fn=None, params=PARAMS, tx=to_optax("lion", 0.01))
    state = state.apply_gradients(grads=GRADIENTS).apply_gradients(grads=GRADIENTS)
    _assert_close(state.params, _train(to_optax("lion", 0.01), steps=2)[0])
    assert int(state.opt_state.count) == 2


@pytest.mark.filterwarnings("ignore")  # orbax's own
def test_orbax_saves_and_restores_it(tmp_path):
    checkpoint = pytest.importorskip("orbax.checkpoint")
    transform = to_optax("adamw", 0.01)
    _, state = _train(transform)
    with checkpoint.StandardCheckpointer() as saver:
        saver.save(tmp_path / "state", state)
        saver.wait_until_finished()
        restored = saver.restore(tmp_path / "state", transform.init(PARAMS))
    assert type(restored) is type(state)
    _assert_close(restored, state, 0)


def test_an_export_loads_none_of_what_only_a_search_or_a_picture_needs():
    code = (
        "import sys, lionsearch\nlionsearch.to_optax('lion', 1e-3)\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    heavy = ("ray", "sklearn", "matplotlib", "sympy", "networkx", "torch", "typer")
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[]\n"


def test_a_program_becomes_a_class():
    torch = pytest.importorskip("torch")
    lion = to_torch("lion")
    assert issubclass(lion, torch.optim.Optimizer)
    assert lion.__name__ == "Lion"
    assert "Lion: the sign of an interpolated momentum" in (lion.__doc__ or "")
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = lion([weight], lr=0.1, weight_decay=0.0)
    (weight * torch.tensor([1.0, -1.0])).sum().backward()
    optimizer.step()
    assert torch.allclose(weight, torch.tensor([0.9, 1.1]))


def test_an_exported_class_shows_its_lines_in_tracebacks():
    torch = pytest.importorskip("torch")
    optimizer = to_torch("polyak_sgd")([torch.nn.Parameter(torch.ones(2))])
    with pytest.raises(ValueError, match="needs the loss") as raised:
        optimizer.step()
    assert "raise ValueError(" in "".join(traceback.format_exception(raised.value))


PLAIN = parse("def train(w, g, m, lr):\n  m = m + g\n  return m * lr, m\n")


@pytest.mark.parametrize("make", [optax_factory, to_torch])
def test_what_no_text_gives_is_refused(make):
    if make is to_torch:
        pytest.importorskip("torch")
    odd = replace(PLAIN, statements=(Statement("v1 = exit()\n", "multiply", ("g", "lr")),), update="v1 = exit()\n")
    with pytest.raises((SettingError, SyntaxError)):
        make(odd)
    described = replace(PLAIN, description='"""\nexit()\n"""')
    assert make(described).__name__.lower() == "program"
    assert "exit()" in make(described).__doc__
    assert make(PLAIN) is make(PLAIN)


@pytest.mark.thorough
def test_an_optimizer_of_pytorch_is_pickled_and_copied(tmp_path):
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(2, 1)

    def step(model, optimizer):
        optimizer.zero_grad()
        model(torch.ones(3, 2)).sum().backward()
        optimizer.step()
        return [parameter.detach().clone() for parameter in model.parameters()]

    optimizer = to_torch(PLAIN)(model.parameters(), lr=0.1)
    step(model, optimizer)
    pairs = [copy.deepcopy((model, optimizer)), pickle.loads(pickle.dumps((model, optimizer)))]
    torch.save((model, optimizer), tmp_path / "both.pt")
    code = (
        "import sys, torch\nmodel, optimizer = torch.load(sys.argv[1], weights_only=False)\n"
        "optimizer.zero_grad()\nmodel(torch.ones(3, 2)).sum().backward()\noptimizer.step()\n"
        "torch.save(model.state_dict(), sys.argv[1])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "both.pt")], check=True, timeout=120)
    expected = step(model, optimizer)
    elsewhere = list(torch.load(tmp_path / "both.pt").values())
    for found in (*(step(*pair) for pair in pairs), elsewhere):
        for x, y in zip(found, expected, strict=True):
            assert torch.equal(x, y)


@pytest.mark.parametrize(("name", "slot"), [("nadam_dozat", "p"), ("schedule_free_adamw", "total")])
def test_a_number_of_a_parameter_keeps_its_digits_in_a_saved_state_of_pytorch(name, slot):
    torch = pytest.importorskip("torch")
    parameters = [torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16)) for _ in range(2)]
    optimizer, again = (to_torch(name)(parameters, lr=0.1) for _ in range(2))
    for _ in range(3):
        for parameter in parameters:
            parameter.grad = torch.full((3,), 0.3, dtype=torch.bfloat16)
        optimizer.step()
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for parameter in parameters:
        before, after = optimizer.state[parameter][slot], again.state[parameter][slot]
        assert before.dtype == after.dtype == torch.float64
        assert before.item() == after.item() != before.to(torch.bfloat16).item()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's own
@pytest.mark.parametrize("name", ["adamw_debiased", "lion", "nadam_dozat", "schedule_free_adamw", "clip_norm(adam)"])
def test_a_compiled_step_of_pytorch_is_the_same(name):
    torch = pytest.importorskip("torch")
    found = []
    for compiled in (False, True):
        torch._dynamo.reset()
        shapes = [(5,), (2048,), (7,), *((1 + axis, 2 + axis) for axis in range(10))]
        parameters = [torch.nn.Parameter(torch.linspace(-1, 1, math.prod(shape)).reshape(shape)) for shape in shapes]
        optimizer = to_torch(name)(parameters, lr=0.1)
        step = torch.compile(optimizer.step) if compiled else optimizer.step
        for number in range(4):
            for parameter in parameters[: 2 if number == 1 else None]:  # whose counts of steps part
                parameter.grad = torch.cos(parameter.detach())
            with torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):
                step()
            optimizer.zero_grad()
        found.append([parameter.detach() for parameter in parameters])
    torch.testing.assert_close(*found)


def test_importing_lionsearch_loads_nothing_heavy():
    code = (
        "import sys, lionsearch\n"
        "assert {'to_optax', 'to_torch', 'optax_factory'} <= set(dir(lionsearch))\n"
        "print([name for name in ('numpy', 'jax', 'optax', 'torch', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="no attribute 'to_tensorflow'"):
        _ = lionsearch.to_tensorflow


BAD = [
    ({"b1": 1.5}, "b1 is 1.5; expected a finite number from 0 to 1"),
    ({"eps": -1.0}, "eps is -1.0; expected .* 0 to inf"),
]
BAD += [({"weight_decay": float("nan")}, "weight_decay is nan; expected a finite number from 0")]


@pytest.mark.parametrize(("settings", "message"), BAD)
def test_a_hyperparameter_out_of_range_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        to_optax("adamw_debiased", 0.01, **settings)
    with pytest.raises(ValueError, match="learning_rate is nan; expected a finite number"):
        to_optax("adamw_debiased", float("nan"))


@pytest.mark.parametrize(("settings", "message"), [*BAD, ({"lr": -0.01}, "lr is -0.01; expected a")])
def test_a_hyperparameter_out_of_range_is_refused_in_pytorch(settings, message):
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match=message):
        to_torch("adamw_debiased")([torch.nn.Parameter(torch.ones(2))], **settings)


def test_a_range_goes_by_what_a_number_does():
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.ones(2))
    assert to_torch("adam_atan2")([parameter], b=2.0).param_groups[0]["b"] == 2.0  # a scale, not a decay
    for settings in ({"adamw_debiased_b1": 1.5}, {"adamw_debiased_weight_decay": -1.0}, {"b1": np.float32(1.5)}):
        with pytest.raises(ValueError, match="expected a finite number from 0"):
            to_torch("matrices(muon, adamw_debiased)")([parameter], **settings)


def test_a_refused_group_is_not_added():
    torch = pytest.importorskip("torch")
    optimizer = to_torch("lion")([torch.nn.Parameter(torch.ones(2))])
    for dtype, settings in ((torch.complex64, {}), (torch.float32, {"b1": 1.5})):
        with pytest.raises(ValueError, match=r"complex parameter|b1 is 1\.5"):
            optimizer.add_param_group({"params": torch.nn.Parameter(torch.ones(2, dtype=dtype)), **settings})
        assert len(optimizer.param_groups) == 1


def test_a_class_made_of_an_exported_one_is_copied_as_itself():
    torch = pytest.importorskip("torch")

    class Lion(to_torch("lion")):
        pass

    assert type(copy.deepcopy(Lion([torch.nn.Parameter(torch.ones(2))]))) is Lion


def test_a_searched_programs_own_constants_may_be_any():
    program = parse("def train(w, g, m, lr, *, b1=1.5):\n  m = interp(g, m, b1)\n  return m * lr, m")
    updates, _ = to_optax(program, 0.5).update(GRADIENTS, to_optax(program, 0.5).init(PARAMS), PARAMS)
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(updates))
    with pytest.raises(ValueError, match=r"b1 is 2\.0; expected a finite number from 0 to 1"):
        to_optax(program, 0.5, b1=2.0)


def test_complex_parameters_are_refused():
    with pytest.raises(ValueError, match="a complex parameter; expected real ones"):
        to_optax("lion", 0.1).init({"w": jnp.ones(2), "z": jnp.ones(2, jnp.complex64)})
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="a complex parameter; expected real ones"):
        to_torch("lion")([torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))])


def test_a_sparse_gradient_is_refused_before_anything_changes():
    torch = pytest.importorskip("torch")
    table, other = torch.nn.Embedding(4, 2, sparse=True), torch.nn.Parameter(torch.ones(2))
    optimizer = to_torch("adamw_debiased")([other, table.weight])
    (table(torch.tensor([1, 2])).sum() + other.sum()).backward()
    with pytest.raises(ValueError, match="a sparse gradient; expected dense ones"):
        optimizer.step()
    assert not optimizer.state
    assert torch.equal(other, torch.ones(2))


def test_schedulers_of_pytorch_drive_it():
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = to_torch("adamw_debiased")([parameter], lr=0.1)
    assert "cycle_momentum=False" in to_torch("adamw_debiased").__doc__
    with pytest.raises(ValueError, match="cycle_momentum"):
        torch.optim.lr_scheduler.CyclicLR(optimizer, 0.01, 0.1, cycle_momentum=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=5, cycle_momentum=False)
    for _ in range(4):
        parameter.grad = torch.ones(2)
        optimizer.step()
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] < 0.1


@pytest.mark.parametrize("name", ["lion", "muon", "adafactor", "soap", "clip_adaptive(sgd)", "prodigy"])
@pytest.mark.thorough
def test_an_empty_leaf_gets_an_empty_update(name):
    params = {"a": jnp.ones((0, 3)), "b": jnp.ones((3, 0)), "c": jnp.ones(0), "d": jnp.ones((2, 2))}
    transform = to_optax(name, 0.1)
    updates, _ = transform.update(params, transform.init(params), params)
    assert jax.tree.map(jnp.shape, updates) == jax.tree.map(jnp.shape, params)
    assert bool(jnp.isfinite(updates["d"]).all())


def test_it_runs_under_explicit_sharding():
    mesh = jax.make_mesh((1,), ("x",), axis_types=(jax.sharding.AxisType.Explicit,))
    with jax.set_mesh(mesh):
        params = jax.device_put(PARAMS, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))
        gradients = jax.tree.map(jnp.ones_like, params)
        for name in ("clip_norm(lion, limit=0.5)", "prodigy"):
            _train(to_optax(name, 0.1), params, gradients=gradients, jit=True)


def test_the_weights_that_schedule_free_is_about_are_to_be_had():
    """As the README says: x = (w - (1 - b1) z) / b1."""
    params, gradients = {"a": jnp.linspace(-1, 1, 5)}, {"a": jnp.cos(jnp.arange(5.0))}
    native = optax.contrib.schedule_free(optax.sgd(0.1), 0.1, b1=0.9)
    ours, state = _train(to_optax("schedule_free_sgd", 0.1), params, gradients=gradients)
    theirs, their_state = _train(native, params, gradients=gradients)
    evaluated = jax.tree.map(lambda w, z: (w - (1 - 0.9) * z) / 0.9, ours, state.z)
    expected = optax.contrib.schedule_free_eval_params(their_state, theirs)
    _assert_close(evaluated, expected)
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.linspace(-1, 1, 5))
    optimizer = to_torch("schedule_free_sgd")([parameter], lr=0.1)
    for _ in range(3):
        parameter.grad = torch.cos(torch.arange(5.0))
        optimizer.step()
    z = optimizer.state[parameter]["z"]
    found = ((parameter - (1 - 0.9) * z) / 0.9).detach().numpy()
    np.testing.assert_allclose(found, expected["a"], rtol=1e-5, atol=1e-6)
