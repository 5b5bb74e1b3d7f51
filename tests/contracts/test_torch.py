"""What the users of PyTorch do with an optimizer, asked of every exported program."""

import copy
import io
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contracts.keeping import Contract, NotPossible, cases, keep, label
from contracts.rates import PARABOLA_RATES, rate_of
from contracts.subjects import SUBJECTS, asks_for, target, without_decay

from lionsearch import to_torch

torch = pytest.importorskip("torch")
schedulers = torch.optim.lr_scheduler
SHAPES = ((3, 2), (2,))


def _parameters(dtype: Any = torch.float64) -> list[Any]:
    return [
        torch.nn.Parameter(torch.linspace(-1, 1 + axis, int(np.prod(shape)), dtype=dtype).reshape(shape))
        for axis, shape in enumerate(SHAPES)
    ]


def _make(subject: str, parameters: Any, **settings: Any) -> Any:
    return to_torch(target(subject))(parameters, **{"lr": 0.1, **settings})


def _loss() -> Any:
    return torch.tensor(1.5, dtype=torch.float64)


def _give_gradients(parameters: list[Any], moment: float = 0) -> None:
    for parameter in parameters:
        parameter.grad = torch.cos(3 * parameter.detach() + moment)


def _step(optimizer: Any, parameters: list[Any], moment: float = 0) -> None:
    _give_gradients(parameters, moment)
    optimizer.step(_loss)


def _train(optimizer: Any, parameters: list[Any], moments: tuple[float, ...] = (0, 1)) -> list[Any]:
    for moment in moments:
        _step(optimizer, parameters, moment)
    return [parameter.detach().clone() for parameter in parameters]


def _trained(subject: str, moments: tuple[float, ...] = (0, 1), **settings: Any) -> list[Any]:
    parameters = _parameters()
    return _train(_make(subject, parameters, **settings), parameters, moments)


def _assert_close(found: list[Any], expected: list[Any], tolerance: float = 1e-9) -> None:
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


def it_finds_the_minimum_of_a_parabola(subject: str) -> None:
    """With a closure and a scheduler, in float64 and float32 and with parameters that are not contiguous."""
    steps = _STEPS.get(subject, 300)
    minimum = torch.tensor([[1.0, -1.0], [0.5, 1.0]], dtype=torch.float64)
    for dtype, turned in ((torch.float64, False), (torch.float32, True)):
        start = torch.tensor([[-1.0, 2.0], [0.0, 1.5]], dtype=dtype)
        parameter = torch.nn.Parameter(start.mT.contiguous().mT if turned else start)
        assert parameter.is_contiguous() != turned
        rate = rate_of(PARABOLA_RATES, subject)
        optimizer = _make(subject, [parameter], lr=rate, **without_decay(subject))
        scheduler = schedulers.CosineAnnealingLR(optimizer, T_max=steps)

        def closure(parameter=parameter, optimizer=optimizer) -> Any:
            optimizer.zero_grad()
            loss = ((parameter - minimum) ** 2).sum()
            loss.backward()
            return loss

        first = closure().item()
        for _ in range(steps):
            optimizer.step(closure)
            scheduler.step()
        assert closure().item() < 0.01 * first


_STEPS = {"seed_3": 2000, "simplified_ademamix": 2000}


def groups_have_settings_of_their_own(subject: str) -> None:
    """A group trains as it does alone, with its own learning rate."""
    parameters = _parameters()
    optimizer = _make(subject, [{"params": parameters[:1], "lr": 0.02}, {"params": parameters[1:]}])
    found = _train(optimizer, parameters)
    for number, rate in enumerate((0.02, 0.1)):
        alone = _parameters()[number : number + 1]
        _assert_close(found[number : number + 1], _train(_make(subject, alone, lr=rate), alone))


def parameters_of_one_group_do_not_meet(subject: str) -> None:
    """Each trains as it does alone, as with PyTorch's own optimizers."""
    found = _trained(subject, _LONG, lr=1.0)
    for number in range(2):
        alone = _parameters()[number : number + 1]
        expected = _train(_make(subject, alone, lr=1.0), alone, _LONG)
        _assert_same_way(found[number], expected[0], _parameters()[number].detach())


_LONG = (0, 0, 0, 0, 0.3, 0.6)


def _assert_same_way(found: Any, expected: Any, start: Any) -> None:
    """Fail unless two are as far from the start, however little that is."""
    torch.testing.assert_close(found - start, expected - start, rtol=1e-6, atol=1e-13)


def a_group_can_be_added_later(subject: str) -> None:
    """It trains as a new one."""
    parameters = _parameters()
    optimizer = _make(subject, parameters[:1])
    _train(optimizer, parameters[:1], (0, 1))
    optimizer.add_param_group({"params": parameters[1:]})
    found = _train(optimizer, parameters, (2, 3))
    alone, fresh = _parameters()[:1], _parameters()[1:]
    _assert_close(found[:1], _train(_make(subject, alone), alone, (0, 1, 2, 3)))
    _assert_close(found[1:], _train(_make(subject, fresh), fresh, (2, 3)))


def a_gradient_may_start_late(subject: str) -> None:
    """A parameter that has had none begins as a new one."""
    parameters = _parameters()
    optimizer = _make(subject, parameters, lr=1.0)
    for moment in (0, 1):
        parameters[1].grad = None
        _give_gradients(parameters[:1], moment)
        optimizer.step(_loss)
        assert parameters[1] not in optimizer.state
    fresh = _parameters()[1:]
    expected = _train(_make(subject, fresh, lr=1.0), fresh, _LONG)
    _assert_same_way(_train(optimizer, parameters, _LONG)[1], expected[0], _parameters()[1].detach())


def a_step_without_gradients_does_nothing(subject: str) -> None:
    """Neither to the parameters nor to their state."""
    parameters = _parameters()
    optimizer = _make(subject, parameters)
    optimizer.step(_loss)
    assert not optimizer.state
    _train(optimizer, parameters)
    before, kept = [parameter.detach().clone() for parameter in parameters], copy.deepcopy(optimizer.state_dict())
    optimizer.zero_grad()
    optimizer.step(_loss)
    _assert_close([parameter.detach() for parameter in parameters], before, 0)
    torch.testing.assert_close(optimizer.state_dict(), kept, rtol=0, atol=0)


def a_step_changes_parameters_in_place(subject: str) -> None:
    """Who else holds a parameter sees it, and no graph grows."""
    parameters = _parameters()
    optimizer, places = _make(subject, parameters), [parameter.data_ptr() for parameter in parameters]
    _train(optimizer, parameters)
    assert [parameter.data_ptr() for parameter in parameters] == places
    assert all(parameter.is_leaf and parameter.requires_grad for parameter in parameters)
    kept = [value for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value)]
    assert not any(value.requires_grad for value in kept)


def a_gradient_stays_as_it_is(subject: str) -> None:
    """A step reads it and does not write it."""
    parameters = _parameters()
    _give_gradients(parameters)
    before = [parameter.grad.clone() for parameter in parameters]
    _make(subject, parameters).step(_loss)
    _assert_close([parameter.grad for parameter in parameters], before, 0)


def a_closure_is_called_once_with_gradients_on(subject: str) -> None:
    """A step returns what it gave."""
    parameters, calls = _parameters(), []
    optimizer = _make(subject, parameters)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = sum(torch.sin(parameter).sum() for parameter in parameters) + 5
        loss.backward()
        calls.append(loss)
        return loss

    assert optimizer.step(closure) is calls[0]
    assert len(calls) == 1


def no_closure_is_needed(subject: str) -> None:
    """As with all of PyTorch's own but LBFGS."""
    parameters = _parameters()
    _give_gradients(parameters)
    assert _make(subject, parameters).step() is None


def up_is_down_with_gradients_turned(subject: str) -> None:
    """`maximize` is that and nothing else."""
    parameters = _parameters()
    optimizer = _make(subject, parameters, maximize=True)
    for moment in (0, 1):
        _give_gradients(parameters, moment)
        for parameter in parameters:
            parameter.grad.neg_()
        optimizer.step(_loss)
    _assert_close([parameter.detach() for parameter in parameters], _trained(subject), 0)


def empty_parameters_are_no_trouble(subject: str) -> None:
    """They have nothing to train, and the others train on."""
    shapes = ((0, 3), (3, 0), (0,), (3, 2))
    parameters = [torch.nn.Parameter(torch.ones(shape, dtype=torch.float64)) for shape in shapes]
    alone = [torch.nn.Parameter(torch.ones(3, 2, dtype=torch.float64))]
    found = _train(_make(subject, parameters), parameters)
    _assert_close(found[-1:], _train(_make(subject, alone), alone))


def a_learning_rate_may_be_a_tensor(subject: str) -> None:
    """It does what a number does, and may change in place."""
    parameters, rate = _parameters(), torch.tensor(0.1, dtype=torch.float64)
    optimizer = _make(subject, parameters, lr=rate)
    _step(optimizer, parameters, 0)
    rate.fill_(0.05)
    _step(optimizer, parameters, 1)
    others = _parameters()
    other = _make(subject, others)
    _step(other, others, 0)
    other.param_groups[0]["lr"] = 0.05
    _assert_close([p.detach() for p in parameters], _train(other, others, (1,)))


_SCHEDULERS: tuple[Callable[[Any], Any], ...] = (
    lambda optimizer: schedulers.StepLR(optimizer, step_size=1, gamma=0.5),
    lambda optimizer: schedulers.LinearLR(optimizer, start_factor=0.5, total_iters=3),
    lambda optimizer: schedulers.ExponentialLR(optimizer, gamma=0.9),
    lambda optimizer: schedulers.CosineAnnealingWarmRestarts(optimizer, T_0=2),
    lambda optimizer: schedulers.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch)),
    lambda optimizer: schedulers.OneCycleLR(optimizer, max_lr=0.1, total_steps=5, cycle_momentum=False),
    lambda optimizer: schedulers.CyclicLR(optimizer, base_lr=0.01, max_lr=0.1, cycle_momentum=False),
    lambda optimizer: schedulers.SequentialLR(
        optimizer, [schedulers.ConstantLR(optimizer), schedulers.ExponentialLR(optimizer, 0.9)], milestones=[1]
    ),
    lambda optimizer: schedulers.ReduceLROnPlateau(optimizer, patience=0, factor=0.1),
    lambda optimizer: torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.05, anneal_epochs=2),
)


def schedulers_set_its_learning_rate(subject: str) -> None:
    """Each step takes the rate of its moment."""
    for make in _SCHEDULERS:
        parameters, others = _parameters(), _parameters()
        optimizer, other = _make(subject, parameters), _make(subject, others)
        scheduler = make(optimizer)
        rates = set()
        for moment in range(3):
            other.param_groups[0]["lr"] = float(optimizer.param_groups[0]["lr"])
            rates.add(other.param_groups[0]["lr"])
            _step(optimizer, parameters, moment)
            _step(other, others, moment)
            scheduler.step(*([1.0] if isinstance(scheduler, schedulers.ReduceLROnPlateau) else []))
        assert len(rates) > 1
        _assert_close([p.detach() for p in parameters], [p.detach() for p in others], 0)


def schedulers_cycle_its_momentum(subject: str) -> None:
    """PyTorch's look for `momentum` or `betas`."""
    schedulers.OneCycleLR(_make(subject, _parameters()), max_lr=0.1, total_steps=5)


def a_saved_state_goes_on(subject: str) -> None:
    """Through a file that may hold nothing but numbers and containers."""
    parameters = _parameters()
    optimizer = _make(subject, parameters, lr=0.05)
    _train(optimizer, parameters)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    others = copy.deepcopy(parameters)
    other = _make(subject, others)
    other.load_state_dict(torch.load(file, weights_only=True))
    torch.testing.assert_close(other.state_dict(), optimizer.state_dict(), rtol=0, atol=0)
    _assert_close(_train(other, others, (2, 3)), _train(optimizer, parameters, (2, 3)), 0)


def a_loaded_state_takes_the_parameters_dtype(subject: str) -> None:
    """As in PyTorch: what is of a parameter has its dtype, and training goes on near to where it would."""
    for dtype in (torch.float32, torch.bfloat16):
        parameters = _parameters(torch.float64)
        optimizer = _make(subject, parameters, lr=0.01)
        _train(optimizer, parameters)
        others = [torch.nn.Parameter(parameter.detach().to(dtype)) for parameter in parameters]
        fresh = [torch.nn.Parameter(parameter.detach().clone()) for parameter in others]
        other, native = _make(subject, others, lr=0.01), _make(subject, fresh, lr=0.01)
        other.load_state_dict(optimizer.state_dict())
        _train(other, others, (2,))
        _train(native, fresh)
        assert _dtypes(other, others) == _dtypes(native, fresh)
        after = _train(optimizer, parameters, (2,))
        _assert_close([p.detach().double() for p in others], after, 1e-4 if dtype == torch.float32 else 0.05)


def _dtypes(optimizer: Any, parameters: list[Any]) -> list[dict[str, Any]]:
    states = [optimizer.state[parameter] for parameter in parameters]
    return [{key: getattr(value, "dtype", type(value)) for key, value in state.items()} for state in states]


def a_state_is_loaded_by_position(subject: str) -> None:
    """As in PyTorch: the first parameter's state goes to the first, whatever it was called."""
    parameters = _parameters()
    optimizer = _make(subject, parameters)
    _train(optimizer, parameters)
    others = copy.deepcopy(parameters)[::-1]
    other = _make(subject, others)
    saved = copy.deepcopy(optimizer.state_dict())
    saved["state"] = {1 - number: state for number, state in saved["state"].items()}
    other.load_state_dict(saved)
    _assert_close(_train(other, others, (2, 3))[::-1], _train(optimizer, parameters, (2, 3)))


def a_state_is_loaded_by_name_with_a_hook(subject: str) -> None:
    """As in PyTorch's tests: named parameters in another order, and a hook that sorts the state by their names."""
    parameters = _parameters()
    optimizer = _make(subject, [("kernel", parameters[0]), ("bias", parameters[1])])
    _train(optimizer, parameters)
    others = copy.deepcopy(parameters)
    other = _make(subject, [("bias", others[1]), ("kernel", others[0])])

    def sort(mine: Any, saved: dict[str, Any]) -> dict[str, Any]:
        [group], names = saved["param_groups"], mine.param_groups[0]["param_names"]
        place = [group["param_names"].index(name) for name in names]
        state = {number: saved["state"][old] for number, old in enumerate(place) if old in saved["state"]}
        return {"state": state, "param_groups": [{**group, "param_names": names}]}

    other.register_load_state_dict_pre_hook(sort)
    other.load_state_dict(optimizer.state_dict())
    assert other.param_groups[0]["param_names"] == ["bias", "kernel"]
    _assert_close(_train(other, others, (2, 3)), _train(optimizer, parameters, (2, 3)))


def another_number_of_groups_or_parameters_is_refused(subject: str) -> None:
    """As PyTorch refuses it."""
    parameters = _parameters()
    saved = _make(subject, parameters).state_dict()
    for others in (parameters[:1], [{"params": parameters[:1]}, {"params": parameters[1:]}]):
        with pytest.raises(ValueError, match="loaded state dict"):
            _make(subject, others).load_state_dict(saved)


def a_copy_trains_apart(subject: str) -> None:
    """copy.deepcopy of parameters and optimizer, and pickle, give pairs that train as the first would."""
    parameters = _parameters()
    optimizer = _make(subject, parameters)
    _train(optimizer, parameters)
    pairs = [copy.deepcopy((parameters, optimizer)), pickle.loads(pickle.dumps((parameters, optimizer)))]
    expected = _train(optimizer, parameters, (2, 3))
    for others, other in pairs:
        assert type(other) is type(optimizer)
        assert optimizer.defaults.keys() <= other.defaults.keys()
        _assert_close(_train(other, others, (2, 3)), expected, 0)


def hooks_are_called(subject: str) -> None:
    """Before and after a step, and where a state is saved and loaded."""
    parameters, calls = _parameters(), []
    optimizer = _make(subject, parameters)
    optimizer.register_step_pre_hook(lambda *_: calls.append("before a step"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after a step"))
    optimizer.register_state_dict_pre_hook(lambda *_: calls.append("before saving"))
    optimizer.register_state_dict_post_hook(lambda *_: calls.append("after saving"))
    optimizer.register_load_state_dict_pre_hook(lambda *_: calls.append("before loading"))
    optimizer.register_load_state_dict_post_hook(lambda *_: calls.append("after loading"))
    _step(optimizer, parameters)
    optimizer.load_state_dict(optimizer.state_dict())
    told = [f"{when} {what}" for what in ("a step", "saving", "loading") for when in ("before", "after")]
    assert calls == told


def a_hook_may_change_the_arguments_of_a_step(subject: str) -> None:
    """A hook before a step may give it another closure."""
    parameters, calls = _parameters(), []
    optimizer = _make(subject, parameters)

    def other() -> Any:
        calls.append("other")
        return _loss()

    optimizer.register_step_pre_hook(lambda *_: ((optimizer, other), {}))
    _step(optimizer, parameters)
    assert calls == ["other"]


def it_can_be_printed(subject: str) -> None:
    """With its settings."""
    text = repr(_make(subject, _parameters(), lr=0.0625))
    assert text.startswith(to_torch(target(subject)).__name__ + " (\nParameter Group 0\n")
    assert "lr: 0.0625" in text
    assert "maximize: False" in text


def a_grad_scaler_drives_it(subject: str) -> None:
    """Gradients are unscaled before a step, which is left out where they are not finite."""
    parameters = _parameters(torch.float32)
    optimizer = _make(subject, parameters)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(sum(torch.sin(parameter).sum() for parameter in parameters)).backward()
    scaler.step(optimizer)
    scaler.update()
    others = _parameters(torch.float32)
    sum(torch.sin(parameter).sum() for parameter in others).backward()
    _make(subject, others).step()
    _assert_close([p.detach() for p in parameters], [p.detach() for p in others], 1e-6)
    before, kept = [parameter.detach().clone() for parameter in parameters], copy.deepcopy(optimizer.state_dict())
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, torch.inf)
    scaler.scale(torch.ones(()))
    scaler.step(optimizer)
    _assert_close([parameter.detach() for parameter in parameters], before, 0)
    torch.testing.assert_close(optimizer.state_dict(), kept, rtol=0, atol=0)


def weights_can_be_averaged(subject: str) -> None:
    """torch.optim.swa_utils.AveragedModel holds the mean of what a model was."""
    model = torch.nn.Linear(3, 2, dtype=torch.float64)
    parameters = list(model.parameters())
    optimizer, averaged, seen = _make(subject, parameters), torch.optim.swa_utils.AveragedModel(model), []
    for moment in (0, 1, 2):
        seen.append(_train(optimizer, parameters, (moment,)))
        averaged.update_parameters(model)
    means = [torch.stack(each).mean(0) for each in zip(*seen, strict=True)]
    _assert_close([p.detach() for p in averaged.module.parameters()], means)


def gradients_and_parameters_may_be_views(subject: str) -> None:
    """The layout in memory makes no difference."""
    [whole] = _parameters()[:1]
    parameter = torch.nn.Parameter(torch.empty(2, 3, dtype=torch.float64).mT)
    with torch.no_grad():
        parameter.copy_(whole)
    assert not parameter.is_contiguous()
    found = _train(_make(subject, [parameter]), [parameter])
    _assert_close(found, _train(_make(subject, [whole]), [whole]))
    assert not parameter.is_contiguous()


def float16_is_kept(subject: str) -> None:
    """Parameters stay in it, and go about where float64 goes."""
    _assert_kept(subject, torch.float16)


def bfloat16_is_kept(subject: str) -> None:
    """Parameters stay in it, and go about where float64 goes."""
    _assert_kept(subject, torch.bfloat16)


def _assert_kept(subject: str, dtype: Any) -> None:
    parameters, others = _parameters(dtype), _parameters(torch.float64)
    found = _train(_make(subject, parameters, lr=0.01), parameters)
    assert {x.dtype for x in found} == {dtype}
    _assert_close([x.double() for x in found], _train(_make(subject, others, lr=0.01), others), 0.05)


def one_parameter_twice_is_refused(subject: str) -> None:
    """As PyTorch refuses it: in two groups."""
    parameters = _parameters()
    with pytest.raises(ValueError, match="more than one parameter group"):
        _make(subject, [{"params": parameters}, {"params": parameters[:1]}])


def complex_parameters_are_taken(subject: str) -> None:
    """As PyTorch's AdamW takes them."""
    parameters = _parameters(torch.complex128)
    _train(_make(subject, parameters), parameters)


def a_step_can_be_compiled(subject: str) -> None:
    """torch.compile makes the steps that eager ones are."""
    parameters = _parameters(torch.float32)
    optimizer = _make(subject, parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own
        step = torch.compile(optimizer.step, backend="aot_eager")
        for moment in (0, 1, 2):
            _give_gradients(parameters, moment)
            step()
    others = _parameters(torch.float32)
    expected = _train(_make(subject, others), others, (0, 1, 2))
    _assert_close([parameter.detach() for parameter in parameters], expected, 1e-5)


CONTRACTS = (
    Contract(it_finds_the_minimum_of_a_parabola, 50),
    Contract(groups_have_settings_of_their_own, 10),
    Contract(parameters_of_one_group_do_not_meet, 10),
    Contract(a_group_can_be_added_later, 10),
    Contract(a_gradient_may_start_late, 10),
    Contract(a_step_without_gradients_does_nothing, 10),
    Contract(a_step_changes_parameters_in_place, 10),
    Contract(a_gradient_stays_as_it_is, 10),
    Contract(a_closure_is_called_once_with_gradients_on, 10),
    Contract(no_closure_is_needed, 10),
    Contract(up_is_down_with_gradients_turned, 10),
    Contract(empty_parameters_are_no_trouble, 10),
    Contract(a_learning_rate_may_be_a_tensor, 10),
    Contract(schedulers_set_its_learning_rate, 20),
    Contract(schedulers_cycle_its_momentum, 10),
    Contract(a_saved_state_goes_on, 10),
    Contract(a_loaded_state_takes_the_parameters_dtype, 10),
    Contract(a_state_is_loaded_by_position, 10),
    Contract(a_state_is_loaded_by_name_with_a_hook, 10),
    Contract(another_number_of_groups_or_parameters_is_refused, 10),
    Contract(a_copy_trains_apart, 10),
    Contract(hooks_are_called, 10),
    Contract(a_hook_may_change_the_arguments_of_a_step, 10),
    Contract(it_can_be_printed, 10),
    Contract(a_grad_scaler_drives_it, 10),
    Contract(weights_can_be_averaged, 10),
    Contract(gradients_and_parameters_may_be_views, 10),
    Contract(float16_is_kept, 10),
    Contract(bfloat16_is_kept, 10),
    Contract(one_parameter_twice_is_refused, 10),
    Contract(complex_parameters_are_taken, 10),
    Contract(a_step_can_be_compiled, 0, ("lion", "adamw_debiased", "muon", "prodigy", "lookahead(adam)", "seed_4")),
)

_MORE = [subject for subject in SUBJECTS if {*asks_for(subject)} - {"value"}]
_LOSS = [subject for subject in SUBJECTS if "value" in asks_for(subject)]
_SHARING = (
    "adagrad_norm",
    "clip_norm(adam)",
    "dadapt_adamw",
    "dog",
    "lbfgs",
    "momo",
    "normalize(adam)",
    "normalized_sgd",
    "polyak_sgd",
    "prodigy",
    "sam_alternating",
)

NOT_POSSIBLE = (
    NotPossible((), _MORE, "ask for what an optimizer does not get", "which a PyTorch optimizer does not get"),
    NotPossible(
        (complex_parameters_are_taken,),
        SUBJECTS,
        "are programs of real numbers; said where complex ones are given",
        "ValueError: a complex parameter; expected real ones",
    ),
    NotPossible(
        (schedulers_cycle_its_momentum,),
        SUBJECTS,
        "name their hyperparameters as the program does, not `momentum` or `betas`; said in the docstring",
        "optimizer must support momentum or beta1",
    ),
    NotPossible((no_closure_is_needed,), _LOSS, "read the loss, which only a closure gives", "needs the loss"),
    NotPossible((a_grad_scaler_drives_it,), _LOSS, "read the loss; a GradScaler takes no closure", "needs the loss"),
    NotPossible(
        (parameters_of_one_group_do_not_meet, a_gradient_may_start_late),
        _SHARING,
        "read norms or sums over all parameters of a group",
        "Tensor-likes are not",
    ),
    NotPossible(
        (float16_is_kept,),
        ("clip_adaptive(adam)",),
        "square gradients clipped to less than float16 holds a square of",
        "Tensor-likes are not",
    ),
    NotPossible(
        (it_finds_the_minimum_of_a_parabola,),
        ("lion_raw",),
        "take steps of 0.0002 at most: an arcsine has no larger argument",
        r"assert \d\S* < ",
    ),
)


@pytest.mark.parametrize(("contract", "subject"), cases(CONTRACTS, turn=11), ids=label)
def test_a_program_exported_to_torch_keeps(contract, subject, record_property):
    keep(contract, subject, NOT_POSSIBLE, record_property)
