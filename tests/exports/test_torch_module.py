"""The exported file for PyTorch, imported and driven as an optimizer of PyTorch."""

import copy
import re
import warnings

import numpy as np
import pytest
from exports.exported import RATES, draw, expected_weights, largest_difference, run_module

from lionsearch.archive.targets import Provenance, load_target
from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.errors import SettingError
from lionsearch.exports.preparation import prepare
from lionsearch.exports.rule import is_oriented
from lionsearch.exports.torch_module import check_expressible, write_torch_module
from lionsearch.graph.lowering import lower
from lionsearch.lang import parse
from lionsearch.semantics.oracle import run_oracle

torch = pytest.importorskip("torch")
TorchDispatchMode = pytest.importorskip("torch.utils._python_dispatch").TorchDispatchMode
DATA = draw(2)
REFUSED = ("adahessian", "sam_sgd", "sophia", "sophia_g", "sophia_optax", "svrg")
EXPRESSIBLE = [name for name in PROGRAMS.names() if name not in REFUSED]


def _optimizer(name: str):
    prepared = prepare(*load_target(name))
    return getattr(run_module(write_torch_module(prepared, "command"), prepared.name), prepared.class_name)


def _step(optimizer, parameters, step):
    for parameter, gradient in zip(parameters, DATA.gradients[step], strict=True):
        parameter.grad = torch.tensor(gradient, dtype=parameter.dtype)
    optimizer.step(lambda: torch.tensor(DATA.extra[step]["loss"], dtype=torch.float64))


def _parameters(dtype=None):
    return [torch.nn.Parameter(torch.tensor(w, dtype=dtype)) for w in DATA.weights]


def _weights(parameters):
    return tuple(p.detach().double().numpy().copy() for p in parameters)


SHARING = {"adagrad_norm", "clip_norm(adam, limit=0.5)", "dadapt_adamw", "dog", "lbfgs"}
SHARING |= {"momo", "polyak_sgd", "prodigy"}
"""Programs with numbers that are of all parameters together."""
LATE = [*EXPRESSIBLE, "lookahead(sgd)", "clip_norm(adam, limit=0.5)"]
ORIENTED = [*(n for n in EXPRESSIBLE if is_oriented(lower(load_program(n)))), "clip_adaptive(sgd, limit=0.01)"]
"""Programs to which it matters that PyTorch's weights are (out, in, ...)."""
AS_MATRICES = draw(2, shapes=((4, 3), (5,), (), (4, 3)))
KERNEL = (3, 1, 2, 2)


def _as_pytorch_has_it(leaves):
    matrix, vector, number, kernel = leaves
    return matrix.T.copy(), vector, number, kernel.T.reshape(KERNEL).copy()


@pytest.mark.parametrize("name", [*EXPRESSIBLE, ORIENTED[-1]])
def test_it_gives_the_oracles_numbers(name):
    data = AS_MATRICES if name in ORIENTED else DATA
    layout = _as_pytorch_has_it if name in ORIENTED else tuple
    parameters = [torch.nn.Parameter(torch.tensor(w)) for w in layout(data.weights)]
    optimizer, history = _optimizer(name)(parameters, lr=1.0), []
    for step, rate in enumerate(RATES):
        for group in optimizer.param_groups:
            group["lr"] = 0.03 * rate
        for parameter, gradient in zip(parameters, layout(data.gradients[step]), strict=True):
            parameter.grad = torch.tensor(gradient)
        optimizer.step(lambda loss=data.extra[step]["loss"]: torch.tensor(loss, dtype=torch.float64))
        history.append(_weights(parameters))
    expected = [layout(leaves) for leaves in expected_weights(load_program(name), data, 0.03)]
    assert largest_difference(history, expected) < 1e-10


@pytest.mark.parametrize("shape", [(16, 4), (4, 16)])
def test_muon_steps_as_far_as_pytorchs(shape):
    found = []
    for make in (_optimizer("muon"), torch.optim.Muon):
        parameter = torch.nn.Parameter(torch.zeros(shape))
        parameter.grad = torch.tensor(np.random.default_rng(0).standard_normal(shape), dtype=torch.float32)
        make([parameter], lr=1.0, weight_decay=0.0).step()
        found.append(parameter.detach())
    assert torch.allclose(*found, atol=0.02)  # PyTorch's iterates in bfloat16


def test_rows_are_the_inputs_of_a_weight_where_only_they_are_averaged():
    program = parse("def train(w, g, lr): return g / row_mean(square(g)) * lr")
    make = run_module(write_torch_module(prepare(program, Provenance("", "mine")), "command"), "mine").Mine
    gradient = np.arange(1.0, 7.0).reshape(3, 2)  # (out, in)
    weight = torch.nn.Parameter(torch.zeros(3, 2, dtype=torch.float64))
    weight.grad = torch.tensor(gradient)
    make([weight], lr=1.0).step()
    np.testing.assert_allclose(-weight.detach().numpy(), gradient / np.mean(gradient**2, axis=0))


def test_the_units_of_a_weight_are_its_rows():
    weight = torch.nn.Parameter(torch.tensor([[1.0, 1.0], [1.0, 1.0], [100.0, 100.0]], dtype=torch.float64))
    weight.grad = torch.ones_like(weight)
    before = weight.detach().clone()
    _optimizer("clip_adaptive(sgd, limit=0.01)")([weight], lr=1.0).step()
    np.testing.assert_allclose((before - weight.detach())[:, 0], [0.01, 0.01, 1.0])


@pytest.mark.parametrize("name", [*LATE, ORIENTED[-1]])
def test_an_empty_parameter_is_no_trouble(name):
    parameters = [torch.nn.Parameter(torch.ones(shape)) for shape in ((0, 3), (3, 0), (0,), (2, 2))]
    optimizer = _optimizer(name)(parameters)
    for _ in range(2):
        for parameter in parameters:
            parameter.grad = torch.ones_like(parameter)
        optimizer.step(lambda: torch.tensor(1.0))
    assert torch.isfinite(parameters[-1]).all()


@pytest.mark.parametrize("name", LATE)
def test_a_parameter_whose_gradients_start_late_begins_as_a_new_one(name):
    late, fresh, other = (torch.nn.Parameter(torch.full((2, 3), value, dtype=torch.float64)) for value in (5, 5, 1))
    make = _optimizer(name)
    optimizer, alone = make([other, late], lr=0.01), make([fresh], lr=0.01)

    def step(optimizer, parameter, gradient):
        parameter.grad = torch.full_like(parameter, gradient)
        optimizer.step(lambda: torch.tensor(1.0, dtype=torch.float64))

    for _ in range(100):
        step(optimizer, other, 0.5)
    other.grad = None
    for number in range(20):
        step(optimizer, late, 0.01 * number)
        step(alone, fresh, 0.01 * number)
        if number == 9:  # and not all of them have a gradient in every step
            late.grad = None
            step(optimizer, other, 0.5)
            other.grad = None
    if name in SHARING:
        assert torch.isfinite(late).all()
        assert (late - 5).abs().max() <= 2 * (other - 1).abs().max() + 1e-3
    else:
        assert torch.equal(late, fresh)


class OneDevice(TorchDispatchMode):
    """Fails where a GPU would: at tensors of two devices, or where the host waits for a number from another device.

    A number on the CPU may meet tensors elsewhere, but not as a mask.
    """

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        tensors = [value for value in args if isinstance(value, torch.Tensor)]
        masks = {"masked_fill": args[1:2], "where": args[:1]}.get(name, ())
        elsewhere = {value.device for value in tensors if not value.is_cpu}
        if name not in ("_to_copy", "copy_"):
            wrong = [value for value in tensors if elsewhere and value.is_cpu and value.ndim > 0]
            wrong += [mask for mask in masks if elsewhere and mask.is_cpu]
            assert not wrong, f"{function}: {args}"
        assert name not in ("_local_scalar_dense", "nonzero", "is_nonzero") or not elsewhere
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", LATE)
def test_all_of_a_step_happens_where_the_parameters_are(name):
    parameters = [torch.nn.Parameter(torch.empty(shape, device="meta")) for shape in ((4, 3), (5,), (), (2, 3, 3, 3))]
    optimizer = _optimizer(name)(parameters)
    for _ in range(2):
        for parameter in parameters:
            parameter.grad = torch.empty_like(parameter)
        with OneDevice():
            optimizer.step(lambda: torch.empty((), device="meta"))
    state = [value for kept in optimizer.state.values() for value in kept.values() if isinstance(value, torch.Tensor)]
    assert all(value.device.type == "meta" for value in state if value.ndim > 0)


class OneDtype(TorchDispatchMode):
    """Fails where more than a number is computed in float64."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        for value in found if isinstance(found, tuple | list) else [found]:
            assert not (isinstance(value, torch.Tensor) and value.ndim > 0 and value.dtype is torch.float64), function
        return found


ODD = (
    "x = where(g > 0.0, 1.0, -1.0); return matmul(matmul(x, transpose(g)), g) * lr, x",
    "x = where(t < g, lr, 0.5); return x * g, x",
    "x = t < g; return x + g, x",
    "x = g >= t; return x + where(x, 1.0, 2.0), x",
)


@pytest.mark.parametrize("name", [*LATE, *ODD])
def test_what_is_float32_is_computed_so(name):
    text = f"def train(w, g, m, lr, t):\n  {name}"
    make = _optimizer(name) if name in LATE else _made(text)
    parameters = [torch.nn.Parameter(torch.ones(shape)) for shape in ((3, 2), (3, 2))]
    optimizer = make(parameters)
    for _ in range(2):
        for parameter in parameters:
            parameter.grad = torch.tensor([[0.5, -2.0], [1.5, 0.0], [3.0, -1.0]])
        with OneDtype():
            optimizer.step(lambda: torch.tensor(1.0))


def _made(text):
    return run_module(write_torch_module(prepare(parse(text), Provenance("", "mine")), "command"), "mine").Mine


@pytest.mark.parametrize(
    "body",
    [
        *ODD[1:],  # the first one is of a matrix, which PyTorch has transposed
        "return g * m, lr",
        "return g * m, 0.5",
        "return g * m, lr * 2.0",
        "return g * m, b",
        "x = dot(w, g) * m\n  return g * x, lr",
        "return where(g > 0.0, 1.2, 0.5) * g, m",
        "return m * w + g, t",
    ],
)
@pytest.mark.parametrize("rate", [0.1, torch.tensor(0.1, dtype=torch.float64)], ids=["a number", "a tensor"])
def test_odd_programs_give_the_oracles_numbers(body, rate):
    kind = "" if body in ODD else ": scalar"
    text = f"def train(w, g, m{kind}, lr, t, *, b=0.7):\n  {body}"
    shapes = ((3, 2), (4, 3))
    data = draw(5, shapes=shapes)
    parameters = [torch.nn.Parameter(torch.tensor(w)) for w in data.weights]
    optimizer, history = _made(text)(parameters, lr=rate), []
    for number, gradient in enumerate(data.gradients):
        for parameter, part in zip(parameters, gradient, strict=True):
            parameter.grad = torch.tensor(part)
        for group in optimizer.param_groups:
            if isinstance(rate, torch.Tensor):
                group["lr"].fill_(0.1 * RATES[number])
            else:
                group["lr"] = rate * RATES[number]
        optimizer.step()
        history.append(_weights(parameters))
    expected = run_oracle(parse(text), data.weights, data.gradients, [0.1 * each for each in RATES])
    assert largest_difference(history, expected) < 1e-9


@pytest.mark.parametrize("name", ["adam", "dog", "prodigy"])
def test_a_state_whose_steps_are_whole_numbers_is_gone_on_from(name):
    make = _optimizer(name)
    parameters, others = _parameters(), _parameters()
    one, two = make(parameters), make(others)
    _step(one, parameters, 0)
    with torch.no_grad():
        for mine, theirs in zip(others, parameters, strict=True):
            mine.copy_(theirs)
    saved = copy.deepcopy(one.state_dict())
    for holder in (*saved["param_groups"], *saved["state"].values()):
        holder.update({key: int(holder[key]) for key in ("step",) if key in holder})
    two.load_state_dict(saved)
    _step(one, parameters, 1)
    _step(two, others, 1)
    assert largest_difference([_weights(others)], [_weights(parameters)]) == 0.0


@pytest.mark.parametrize("rate", [0.1, 3.0])
def test_a_program_that_reads_its_learning_rate_unscaled_too_keeps_its_lr_scale(rate):
    program = parse("def train(w, g, lr, *, lr_scale=0.5): return clip(g, lr) * (lr * lr_scale)")
    make = run_module(write_torch_module(prepare(program, Provenance("", "mine")), "command"), "mine").Mine
    for settings in ({}, {"lr_scale": 0.2}):
        parameters = _parameters()
        _step(make(parameters, lr=rate, **settings), parameters, 0)
        expected = run_oracle(program.with_hyperparameters(settings), DATA.weights, DATA.gradients[:1], [rate])
        assert largest_difference([_weights(parameters)], expected) < 1e-12


@pytest.mark.parametrize("name", REFUSED)
def test_what_an_optimizer_does_not_get_is_refused(name):
    asked = next(i for i in load_program(name).optional_inputs if i not in ("t", "loss"))
    with pytest.raises(
        SettingError, match=re.escape(f"{name} asks for {asked} (") + ".* does not get; export it to optax"
    ):
        check_expressible(prepare(*load_target(name)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize(
    "name", ["adamw_debiased", "dog", "adafactor", "adam_mini", "schedule_free_adamw", "shampoo", "soap"]
)
def test_a_saved_state_goes_on(name, dtype):
    make = _optimizer(name)
    parameters, others = _parameters(dtype), _parameters(dtype)
    one = make(parameters)
    _step(one, parameters, 0)
    with torch.no_grad():
        for mine, theirs in zip(others, parameters, strict=True):
            mine.copy_(theirs)
    two = make(others)
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for step in (1, 2):
        _step(one, parameters, step)
        _step(two, others, step)
    assert largest_difference([_weights(others)], [_weights(parameters)]) == 0.0


def test_parameter_groups_have_their_own_settings():
    make = _optimizer("lion")
    parameters = _parameters()
    groups = [{"params": parameters[:2], "weight_decay": 0.0}, {"params": parameters[2:], "lr": 0.5}]
    optimizer = make(groups, lr=0.1, weight_decay=0.3)
    _step(optimizer, parameters, 0)
    decay, rate = (0.0, 0.0, 0.3, 0.3), (0.1, 0.1, 0.5, 0.5)
    for p, w, g, d, lr in zip(parameters, DATA.weights, DATA.gradients[0], decay, rate, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), w - lr * (np.sign(g) + d * w), rtol=1e-12)


def test_maximize_goes_the_other_way():
    make = _optimizer("adamw_debiased")
    down, up = _parameters(), _parameters()
    one, two = make(down, weight_decay=0.0), make(up, weight_decay=0.0, maximize=True)
    _step(one, down, 0)
    _step(two, up, 0)
    for a, b, w in zip(down, up, DATA.weights, strict=True):
        np.testing.assert_allclose(b.detach().numpy() - w, w - a.detach().numpy(), atol=1e-12)


def test_schedulers_closures_and_parameters_without_gradients():
    make = _optimizer("lion")
    first, frozen = torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(2))
    optimizer = make([first, frozen], lr=0.1, weight_decay=0.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (first**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 3.0
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)
    optimizer.step(closure)
    assert torch.allclose(first, torch.full((3,), 1 - 0.1 - 0.01))
    assert torch.equal(frozen, torch.ones(2))
    assert frozen not in optimizer.state


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("name", ["adamw_debiased", "muon", "dog"])
def test_half_precision_is_kept_and_computed_in_float32(name, dtype):
    parameters = _parameters(dtype)
    optimizer = _optimizer(name)(parameters, lr=0.01)
    reference = _parameters(torch.float32)
    expected = _optimizer(name)(reference, lr=0.01)
    for step in range(3):
        _step(optimizer, parameters, step)
        _step(expected, reference, step)
    for p, q in zip(parameters, reference, strict=True):
        assert p.dtype == dtype
        assert all(
            optimizer.state[p][slot].dtype == dtype for slot in load_program(name).slots if slot in ("m", "v", "w0")
        )
        assert torch.allclose(p.float(), q, atol=0.05)


def test_it_matches_pytorchs_adamw():
    ours, theirs = _parameters(), _parameters()
    one = _optimizer("adamw_debiased")(ours, lr=0.01, weight_decay=0.1)
    two = torch.optim.AdamW(theirs, lr=0.01, weight_decay=0.1)
    for step in range(len(RATES)):
        _step(one, ours, step)
        for parameter, gradient in zip(theirs, DATA.gradients[step], strict=True):
            parameter.grad = torch.tensor(gradient)
        two.step()
    assert largest_difference([_weights(ours)], [_weights(theirs)]) < 1e-12


def test_a_loss_is_asked_for():
    parameters = [torch.nn.Parameter(torch.ones(2))]
    parameters[0].grad = torch.ones(2)
    with pytest.raises(ValueError, match="PolyakSgd needs the loss: give step"):
        _optimizer("polyak_sgd")(parameters).step()


def test_it_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parameters = _parameters()
        _step(_optimizer("soap")(parameters), parameters, 0)
