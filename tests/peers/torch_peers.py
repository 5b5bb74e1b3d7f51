"""Programs that PyTorch, or a package of optimizers for it, has.

Where a package is installed its optimizer trains; where it is not, `recorded/` has what it did.
"""

from __future__ import annotations

from . import torch_transform_peers
from .peer import Peer
from .torch_runs import Handling
from .torch_steps import (
    build_from_module,
    build_with_class,
    in_float64,
    step_in_train_mode,
    step_with_closure,
    step_with_hessian,
    step_with_scaled_eps,
    torch_row,
    use,
    use_adam,
)

_SCALED_EPS = "eps is scaled at each step, because the class adds it before the bias correction"
_FLOAT64 = "with its casts to narrower floats left out"
_MATRIX = ("matrix",)

_DECAY = {"weight_decay": 0.1}
_B1 = {"b1": 0.8, **_DECAY}
_RMS = {"b2": 0.8, "eps": 1e-3, **_DECAY}
_BETAS = {"b1": 0.8, "b2": 0.97, **_DECAY}
_ADAM = {**_BETAS, "eps": 1e-3}

_TORCH = (
    torch_row("sgd", "torch.optim.SGD", use(), _DECAY),
    torch_row("momentum", "torch.optim.SGD", use(momentum="b1"), _B1),
    torch_row("nesterov", "torch.optim.SGD", use(momentum="b1", nesterov=True), _B1),
    torch_row("l2_sgd", "torch.optim.SGD", use(momentum="b1", weight_decay="weight_decay"), _B1),
    torch_row("adagrad", "torch.optim.Adagrad", use(eps="eps"), {"eps": 1e-3, **_DECAY}),
    torch_row("adadelta", "torch.optim.Adadelta", use(rho="b2", eps="eps"), _RMS),
    torch_row("rmsprop_torch", "torch.optim.RMSprop", use(alpha="b2", eps="eps"), _RMS),
    torch_row(
        "rmsprop_momentum", "torch.optim.RMSprop", use(alpha="b2", eps="eps", momentum="b1"), {"b1": 0.8, **_RMS}
    ),
    torch_row("rmsprop_centered", "torch.optim.RMSprop", use(alpha="b2", eps="eps", centered=True), _RMS),
    torch_row("adam", "torch.optim.Adam", use_adam(), {"b1": 0.8, "b2": 0.97, "eps": 1e-3}),
    torch_row("adamw_debiased", "torch.optim.AdamW", use_adam(weight_decay="weight_decay"), _ADAM),
    torch_row("amsgrad_torch", "torch.optim.Adam", use_adam(amsgrad=True), _ADAM),
    torch_row("adamax", "torch.optim.Adamax", use_adam(), _ADAM),
    torch_row(
        "nadam_dozat",
        "torch.optim.NAdam",
        use_adam(momentum_decay="momentum_decay"),
        {"momentum_decay": 0.02, **_ADAM},
    ),
    torch_row(
        "radam",
        "torch.optim.RAdam",
        use_adam(),
        _ADAM,
        handling=Handling(step=step_with_scaled_eps),
        note=f"{_SCALED_EPS}; its threshold is always 5",
    ),
    torch_row(
        "rprop",
        "torch.optim.Rprop",
        use(etas="shrink grow", step_sizes="step_min step_max"),
        {"grow": 1.5, "shrink": 0.6, "step_min": 0.005, "step_max": 0.1},
    ),
    torch_row(
        "adafactor",
        "torch.optim.Adafactor",
        lambda h: {
            "beta2_decay": -h.decay,
            "eps": (h.eps1, h.eps2),
            "d": h.clip_threshold,
            "weight_decay": h.weight_decay,
        },
        {"decay": 0.6, "eps2": 1.0, "clip_threshold": 1.05, "lr_scale": 0.2, **_DECAY},
        note="eps1 is a floor there, not added to g^2: it can only be compared where it does nothing",
    ),
    torch_row(
        "muon",
        "torch.optim.Muon",
        use(momentum="b1", weight_decay="weight_decay"),
        _B1,
        leaves=_MATRIX,
        handling=Handling(transposed=True, within=in_float64),
        note=_FLOAT64,
    ),
    torch_row(
        "muon_moonlight",
        "torch.optim.Muon(match_rms_adamw)",
        lambda h: {
            "momentum": h.b1,
            "weight_decay": h.weight_decay * 0.2 / h.rms,
            "adjust_lr_fn": "match_rms_adamw",
        },
        {"rms": 0.3, **_B1},
        leaves=_MATRIX,
        handling=Handling(rate=lambda lr, h: lr * h.rms / 0.2, within=in_float64),
        note=f"{_FLOAT64}; its rms is always 0.2, so another one goes into the learning rate",
    ),
)

_LION = use(betas="b1 b2", weight_decay="weight_decay")

_SIGN = (
    torch_row("sign_sgd", "pytorch_optimizer.SignSGD", use(momentum=0.0), _DECAY),
    torch_row("signum", "pytorch_optimizer.SignSGD", use(momentum="b1"), {"b1": 0.8, "weight_decay": 0.2}),
    torch_row("tiger", "pytorch_optimizer.Tiger", use(beta="b1", weight_decay="weight_decay"), _B1),
    torch_row("lion", "pytorch_optimizer.Lion", _LION, {**_BETAS, "weight_decay": 0.2}),
    torch_row("lion", "lion_pytorch.Lion", _LION, {**_BETAS, "weight_decay": 0.2}),
    torch_row(
        "cautious_lion",
        "pytorch_optimizer.Lion(cautious=True)",
        use(betas="b1 b2", weight_decay="weight_decay", cautious=True),
        _BETAS,
    ),
)

_ADEMAMIX = {"b3": 0.95, "alpha": 2.0, **_ADAM}

_ADAPTIVE = (
    torch_row("sgdw", "pytorch_optimizer.SGDW", use(momentum="b1", weight_decay="weight_decay"), _B1),
    torch_row("adabelief", "pytorch_optimizer.AdaBelief", use_adam(), _ADAM),
    torch_row("adabelief", "adabelief_pytorch.AdaBelief", use_adam(rectify=False, weight_decay="weight_decay"), _ADAM),
    torch_row(
        "yogi",
        "pytorch_optimizer.Yogi",
        use_adam(initial_accumulator="initial"),
        {**_ADAM, "initial": 1e-3, "eps": 1e-2},
    ),
    torch_row("ademamix", "pytorch_optimizer.AdEMAMix", use_adam(betas="b1 b2 b3", alpha="alpha"), _ADEMAMIX),
    torch_row(
        "ademamix_scheduled",
        "pytorch_optimizer.AdEMAMix",
        use_adam(betas="b1 b2 b3", alpha="alpha", t_alpha_beta3="warmup"),
        {"warmup": 20.0, **_ADEMAMIX},
    ),
    torch_row("adan", "pytorch_optimizer.Adan", use_adam(betas="b1 b2 b3"), {"b3": 0.9, **_ADAM}),
    torch_row(
        "adopt",
        "pytorch_optimizer.ADOPT",
        use_adam(clip_lambda=lambda t: (t - 1) ** 0.25),
        {**_ADAM, "eps": 0.3},
        note="its own bound is that of the step after",
    ),
    torch_row("grams", "pytorch_optimizer.Grams", use_adam(), _ADAM),
    torch_row(
        "cautious_adamw",
        "pytorch_optimizer.AdEMAMix(alpha=0, cautious=True)",
        lambda h: {"betas": (h.b1, h.b2, 0.99), "alpha": 0.0, "eps": h.eps, "cautious": True},
        _ADAM,
    ),
    torch_row(
        "adam_atan2",
        "adam_atan2_pytorch.AdamAtan2",
        use(betas="b1 b2", a="a", b="b", weight_decay="weight_decay"),
        {"a": 1.5, "b": 0.7, **_BETAS},
    ),
    torch_row(
        "adam_mini",
        "pytorch_optimizer.AdamMini",
        use_adam(weight_decay="weight_decay"),
        _ADAM,
        handling=Handling(build=build_from_module, within=in_float64),
        note=_FLOAT64,
    ),
    torch_row(
        "mars_adamw",
        "pytorch_optimizer.MARS",
        use_adam(gamma="gamma", optimize_1d=True),
        {"gamma": 0.1, **_ADAM},
        tolerance=1e-11,
        handling=Handling(step=step_with_scaled_eps),
        note=f"{_SCALED_EPS}; it also adds 1e-15 to v",
    ),
    torch_row("novograd", "pytorch_optimizer.NovoGrad", use_adam(weight_decay="weight_decay"), _ADAM),
    torch_row("madgrad", "pytorch_optimizer.MADGRAD", use(momentum="b1", eps="eps"), {"b1": 0.8, "eps": 1e-3}),
    torch_row("fromage", "pytorch_optimizer.Fromage", use(), {"lr_scale": 0.1}, note="it has no floor under the norms"),
    torch_row(
        "dadapt_adamw",
        "pytorch_optimizer.DAdaptAdam",
        use_adam(d0="d0", bias_correction=True, weight_decay="weight_decay", weight_decouple=True),
        {"d0": 1e-3, **_ADAM},
    ),
    torch_row(
        "prodigy",
        "pytorch_optimizer.Prodigy",
        use_adam(d0="d0", d_coef="d_coef", bias_correction=True, weight_decay="weight_decay"),
        {"d0": 1e-3, "d_coef": 0.5, **_ADAM},
    ),
    torch_row(
        "prodigy",
        "prodigyopt.Prodigy",
        use_adam(d0="d0", d_coef="d_coef", use_bias_correction=True, weight_decay="weight_decay"),
        {"d0": 1e-3, "d_coef": 0.5, **_ADAM},
    ),
)

_FREE_SGD = use(momentum="b1", weight_decay="weight_decay", weight_lr_power="weight_lr_power")
_FREE_ADAM = use_adam(weight_decay="weight_decay", weight_lr_power="weight_lr_power")
_TRAINING = {"handling": Handling(step=step_in_train_mode)}
_FREE = {"weight_lr_power": 1.0}

_AVERAGING = (
    torch_row("schedule_free_sgd", "schedulefree.SGDScheduleFree", _FREE_SGD, {**_FREE, **_B1}, **_TRAINING),
    torch_row("schedule_free_sgd", "pytorch_optimizer.ScheduleFreeSGD", _FREE_SGD, {**_FREE, **_B1}, **_TRAINING),
    torch_row("schedule_free_adamw", "schedulefree.AdamWScheduleFree", _FREE_ADAM, {**_FREE, **_ADAM}, **_TRAINING),
    torch_row(
        "schedule_free_adamw", "pytorch_optimizer.ScheduleFreeAdamW", _FREE_ADAM, {**_FREE, **_ADAM}, **_TRAINING
    ),
)

_CURVATURE = (
    torch_row(
        "apollo",
        "torch_optimizer.Apollo",
        lambda h: {"beta": h.b1, "eps": h.eps * h.bound, "warmup": 0},
        {"eps": 1e-2, "bound": 0.5, **_B1},
        handling=Handling(rate=lambda lr, h: lr / h.bound),
        note="its bound is always 1, the unit of lr and eps",
    ),
    torch_row(
        "apollo_v3",
        "pytorch_optimizer.ApolloDQN",
        use(beta="b1", eps="eps", warmup_steps=0),
        {"eps": 1e-2, "bound": 0.1, **_B1},
        handling=Handling(rate=lambda lr, h: lr * 0.01 / h.bound),
        note="its bound is always 0.01, so another one goes into the learning rate",
    ),
    torch_row(
        "sophia",
        "pytorch_optimizer.SophiaH",
        lambda h: {
            "betas": (h.b1, h.b2),
            "p": h.gamma,
            "eps": h.eps / h.gamma,
            "update_period": h.hessian_every,
            "weight_decay": h.weight_decay * h.gamma,
        },
        {"gamma": 0.3, "hessian_every": 3, **_ADAM, "weight_decay": 0.2},
        handling=Handling(step=step_with_hessian, rate=lambda lr, h: lr / h.gamma),
        note="it clips at gamma where the paper clips at 1, so lr and decay are taken in that unit",
    ),
    torch_row(
        "adahessian",
        "pytorch_optimizer.AdaHessian",
        use_adam(hessian_power="hessian_power"),
        {"hessian_power": 0.5, **_ADAM},
        handling=Handling(step=step_with_hessian),
        tolerance=1e-11,
        note="another processor's last digits, divided by the roots of small squares of h",
    ),
    torch_row(
        "shampoo",
        "pytorch_optimizer.Shampoo",
        use(matrix_eps="eps"),
        {"eps": 1e-3, **_DECAY},
        leaves=_MATRIX,
        note="it has a matrix for each axis, and a full one for a vector",
    ),
    torch_row(
        "soap",
        "pytorch_optimizer.SOAP",
        use_adam(precondition_frequency="precondition_every", weight_decay=0.0),
        {"precondition_every": 4, **_ADAM},
        leaves=("vector", "scalar"),
        handling=Handling(within=in_float64),
    ),
    torch_row(
        "sam_sgd",
        "pytorch_optimizer.SAM",
        use(rho="rho", perturb_eps=0.0),
        {"rho": 0.2, **_DECAY},
        handling=Handling(build=build_with_class("torch.optim.SGD"), step=step_with_closure, within=in_float64),
        note=_FLOAT64,
    ),
)

ROWS: tuple[Peer, ...] = (*_TORCH, *_SIGN, *_ADAPTIVE, *_AVERAGING, *_CURVATURE, *torch_transform_peers.ROWS)
