"""Transforms and schedules that PyTorch, or a package for it, has, each around a program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from .peer import Peer
from .torch_runs import Handling, Keywords, Training, find_class
from .torch_steps import (
    build_around,
    build_scheduled,
    build_sgd,
    build_with_class,
    in_float64,
    step_scheduled,
    step_with_closure,
    torch_row,
    use,
    use_adam,
)


def _step_clipped(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    """Step with each tensor's gradient clipped on its own; the function's 1e-6 is made up for."""
    clip = find_class("torch.nn.utils.clip_grad_norm_")
    for parameter in training.parameters:
        norm = float(parameter.grad.norm())
        clip([parameter], h.limit * (norm + 1e-6) / norm)
    optimizer.step()


def _step_clipped_by_value(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    find_class("torch.nn.utils.clip_grad_value_")(training.parameters, h.limit)
    optimizer.step()


def _step_clipped_by_weights(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    agc = find_class("pytorch_optimizer.optimizer.agc.agc")
    for parameter in training.parameters:
        parameter.grad = agc(parameter.detach(), parameter.grad, h.eps, h.limit)
    optimizer.step()


def _build_muon_and_adamw(cls: Any, parameters: list[Any], lr: float, keywords: dict[str, Any]) -> Any:
    muon, adamw = keywords["muon"], keywords["adamw"]
    matrices = {"params": [p for p in parameters if p.ndim > 1], "use_muon": True, **muon}
    others = {"params": [p for p in parameters if p.ndim < 2], "use_muon": False, **adamw}
    return cls([matrices, others])


@contextmanager
def _muon_in_float64() -> Iterator[None]:
    """The same as `in_float64`; this class's cast is to the default of an argument."""
    function = find_class("pytorch_optimizer.optimizer.utils.matrix.zero_power_via_newton_schulz_5")
    double = find_class("torch.float64")
    defaults = tuple(double if isinstance(value, type(double)) else value for value in function.__defaults__)
    with in_float64(), patch.object(function, "__defaults__", defaults):
        yield


def _step_at_two_rates(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
    for group in optimizer.param_groups:
        if not group["use_muon"]:
            group["lr"] *= h.adamw_debiased_lr_scale / h.lr_scale
    optimizer.step()


def _schedule(program: str, by: str, keywords: Keywords, changed: dict[str, float]) -> Peer:
    handling = Handling(build=build_scheduled, step=step_scheduled)
    return torch_row(program, by, keywords, changed, leaves=("vector",), handling=handling)


def _one_cycle(h: SimpleNamespace) -> dict[str, Any]:
    """Return keywords that put the turns where optax has them: PyTorch puts them a step earlier."""
    return {
        "max_lr": 1.0,
        "total_steps": int(h.total) + 1,
        "pct_start": (h.rising * h.total + 1) / (h.total + 1),
        "div_factor": h.start,
        "final_div_factor": h.final,
        "cycle_momentum": False,
    }


_ADAMW = {"b1": 0.8, "b2": 0.97, "eps": 1e-3, "weight_decay": 0.1}

_WRAPPERS = (
    torch_row(
        "lookahead(adamw_debiased)",
        "pytorch_optimizer.Lookahead",
        use_adam(weight_decay="weight_decay", k="k", alpha="alpha"),
        {"k": 3, "alpha": 0.3, **_ADAMW},
        handling=Handling(build=build_around("torch.optim.AdamW", "k", "alpha")),
    ),
    torch_row(
        "sam(adamw_debiased)",
        "pytorch_optimizer.SAM",
        use_adam(weight_decay="weight_decay", rho="rho", perturb_eps=0.0),
        {"rho": 0.2, **_ADAMW},
        handling=Handling(build=build_with_class("torch.optim.AdamW"), step=step_with_closure, within=in_float64),
    ),
    torch_row(
        "matrices(muon, adamw_debiased)",
        "pytorch_optimizer.Muon",
        lambda h: {
            "muon": {"momentum": h.b1, "weight_decay": h.weight_decay},
            "adamw": {
                "betas": (h.adamw_debiased_b1, h.b2),
                "eps": h.eps,
                "weight_decay": h.adamw_debiased_weight_decay,
            },
            "weight_decay": True,
        },
        {"adamw_debiased_b1": 0.7, "adamw_debiased_weight_decay": 0.2, **_ADAMW},
        leaves=("matrix", "vector", "scalar"),
        handling=Handling(
            build=_build_muon_and_adamw, step=_step_at_two_rates, transposed=True, within=_muon_in_float64
        ),
        note="a convolution is one matrix there, a stack of them here",
    ),
)

_CLIPPING = (
    torch_row(
        "clip_value(sgd)",
        "torch.nn.utils.clip_grad_value_",
        use(),
        {"limit": 0.2},
        handling=Handling(build=build_sgd, step=_step_clipped_by_value),
    ),
    torch_row(
        "clip_tensor_norm(sgd)",
        "torch.nn.utils.clip_grad_norm_",
        use(),
        {"limit": 0.3},
        handling=Handling(build=build_sgd, step=_step_clipped),
        note="the 1e-6 that it adds to the norm is made up for",
    ),
    torch_row(
        "clip_adaptive(sgd)",
        "pytorch_optimizer.optimizer.agc.agc",
        use(),
        {"limit": 0.1, "eps": 1.0},
        handling=Handling(build=build_sgd, step=_step_clipped_by_weights, transposed=True),
    ),
)

_SCHEDULES = (
    _schedule(
        "warmup(sgd)",
        "torch.optim.lr_scheduler.LinearLR",
        lambda h: {"start_factor": 1e-30, "total_iters": int(h.steps)},
        {"steps": 12},
    ),
    _schedule(
        "cosine(sgd)", "torch.optim.lr_scheduler.CosineAnnealingLR", lambda h: {"T_max": int(h.total)}, {"total": 50}
    ),
    _schedule(
        "restarts(sgd)",
        "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
        lambda h: {"T_0": int(h.period)},
        {"period": 7},
    ),
    _schedule(
        "exponential(sgd)",
        "torch.optim.lr_scheduler.ExponentialLR",
        lambda h: {"gamma": h.rate ** (1 / h.steps)},
        {"rate": 0.5, "steps": 8},
    ),
    _schedule(
        "one_cycle(sgd)",
        "torch.optim.lr_scheduler.OneCycleLR",
        _one_cycle,
        {"total": 40, "rising": 0.4, "start": 10, "final": 100},
    ),
    _schedule(
        "wsd(sgd)",
        "pytorch_optimizer.get_wsd_schedule",
        lambda h: {
            "num_warmup_steps": int(h.warmup),
            "num_stable_steps": int(h.decay_at - h.warmup),
            "num_decay_steps": int(h.total - h.decay_at),
            "cooldown_type": "linear",
        },
        {"warmup": 6, "decay_at": 20, "total": 35},
    ),
)

ROWS: tuple[Peer, ...] = (*_WRAPPERS, *_CLIPPING, *_SCHEDULES)
