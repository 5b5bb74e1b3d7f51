"""Programs that optax has and that look at more than one element at a time, or need more than a gradient."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
from optax import contrib

from .optax_runs import Schedule, decayed, whole_row
from .peer import Peer, Problem
from .trajectory import Leaves

_DECAY = {"weight_decay": 0.1}
_ADAM = {"b1": 0.8, "b2": 0.97, "eps": 1e-3, **_DECAY}

_LAYERS = (
    whole_row("fromage", "fromage", lambda lr, h: optax.fromage(lr, h.min_norm), {"min_norm": 1.5}),
    whole_row(
        "lamb",
        "lamb",
        lambda lr, h: optax.lamb(lr, h.b1, h.b2, h.eps, weight_decay=h.weight_decay),
        _ADAM,
    ),
    whole_row(
        "lars",
        "lars",
        lambda lr, h: optax.lars(lr, h.weight_decay, trust_coefficient=h.trust, momentum=h.b1),
        {"b1": 0.8, "trust": 0.01, **_DECAY},
    ),
    whole_row(
        "novograd",
        "novograd",
        lambda lr, h: optax.novograd(lr, h.b1, h.b2, h.eps, weight_decay=h.weight_decay),
        {"b1": 0.8, "b2": 0.5, "eps": 1e-2, **_DECAY},
    ),
)


def _sam(lr: Schedule, h: SimpleNamespace, *, opaque: bool) -> Any:
    climb = optax.chain(contrib.normalize(), optax.sgd(h.rho))
    return contrib.sam(decayed(optax.identity(), lr, h.weight_decay), climb, opaque_mode=opaque)


def _gradient_function(problem: Problem, step: int, weights: Leaves) -> dict[str, Any]:
    return {"grad_fn": lambda params, _: problem.gradient(step, [np.asarray(p) for p in params])}


def _loss(problem: Problem, step: int, weights: Leaves) -> dict[str, Any]:
    return {"value": problem.loss(step, weights)}


def give_hessian(problem: Problem, step: int, weights: Leaves) -> dict[str, Any]:
    return {"hessian": problem.hessian(step, weights)}


GIVEN_HESSIAN = optax.GradientTransformationExtraArgs(
    lambda params: optax.EmptyState(), lambda updates, state, params=None, *, hessian: (hessian, state)
)

_SIGNALS = (
    whole_row(
        "sam_sgd",
        "contrib.sam(opaque_mode=True)",
        lambda lr, h: _sam(lr, h, opaque=True),
        {"rho": 0.5, **_DECAY},
        jit=False,
        extra=_gradient_function,
    ),
    whole_row(
        "sam_alternating",
        "contrib.sam",
        lambda lr, h: _sam(lambda count: lr(2 * count + 1), h, opaque=False),
        {"rho": 0.5, **_DECAY},
        note="optax counts one step of the schedule for two updates; given every second rate here",
    ),
    whole_row(
        "polyak_sgd",
        "scale_by_polyak",
        lambda lr, h: optax.chain(optax.scale_by_polyak(h.f_min, h.max_step, h.eps), optax.scale_by_learning_rate(lr)),
        {"f_min": -1.0, "max_step": 1.2, "eps": 0.1},
        extra=_loss,
    ),
    whole_row(
        "momo",
        "contrib.momo",
        lambda lr, h: contrib.momo(lr, h.b1, h.lower_bound, h.weight_decay),
        {"b1": 0.8, "lower_bound": 12.0, **_DECAY},
        extra=_loss,
    ),
    whole_row(
        "sophia_optax",
        "contrib.sophia",
        lambda lr, h: contrib.sophia(
            lr,
            h.b1,
            h.b2,
            h.eps,
            h.weight_decay,
            gamma=h.gamma,
            update_interval=h.hessian_every,
            hessian_diagonal_fn=GIVEN_HESSIAN,
        ),
        {"b1": 0.8, "b2": 0.9, "gamma": 0.5, "eps": 0.1, "hessian_every": 3.0, **_DECAY},
        extra=give_hessian,
    ),
)

_PARAMETER_FREE = (
    whole_row(
        "dog",
        "contrib.dog",
        lambda lr, h: contrib.dog(lr, ("heuristic", h.r0), h.eps),
        {"r0": 1e-3, "eps": 1.0},
        note="optax scales by the decayed gradient's norm too; compared without decay",
    ),
    whole_row(
        "dadapt_adamw",
        "contrib.dadapt_adamw",
        lambda lr, h: contrib.dadapt_adamw(lr, (h.b1, h.b2), h.eps, h.d0, h.weight_decay),
        {"d0": 1e-3, **_ADAM},
    ),
    whole_row(
        "prodigy",
        "contrib.prodigy",
        lambda lr, h: contrib.prodigy(
            lr, (h.b1, h.b2), eps=h.eps, estim_lr0=h.d0, estim_lr_coef=h.d_coef, weight_decay=h.weight_decay
        ),
        {"d0": 1e-3, "d_coef": 2.0, **_ADAM},
    ),
)


def _schedule_free(lr: Schedule, h: SimpleNamespace, base: Any) -> Any:
    base = decayed(base, lr, h.weight_decay)
    return contrib.schedule_free(base, lambda count: lr(count - 1), h.b1, h.weight_lr_power)


_SCHEDULE_FREE_NOTE = "optax weighs a step by the next step's rate; given the step's own here"

_AVERAGING = (
    whole_row(
        "schedule_free_sgd",
        "contrib.schedule_free",
        lambda lr, h: _schedule_free(lr, h, optax.identity()),
        {"b1": 0.8, "weight_lr_power": 1.0, **_DECAY},
        note=_SCHEDULE_FREE_NOTE,
    ),
    whole_row(
        "schedule_free_adamw",
        "contrib.schedule_free, scale_by_rms",
        lambda lr, h: _schedule_free(lr, h, optax.scale_by_rms(h.b2, h.eps, eps_in_sqrt=False, bias_correction=True)),
        {"weight_lr_power": 1.0, **_ADAM},
        note=_SCHEDULE_FREE_NOTE,
    ),
)


def _adafactor(lr: Schedule, h: SimpleNamespace) -> Any:
    def decay_rate(count: Any, decay: float) -> Any:
        return 1 - (count + 1.0) ** -decay

    return optax.chain(
        optax.scale_by_factored_rms(
            decay_rate=h.decay, min_dim_size_to_factor=2, epsilon=h.eps1, decay_rate_fn=decay_rate
        ),
        optax.clip_by_block_rms(h.clip_threshold),
        optax.scale_by_param_block_rms(h.eps2),
        optax.scale_by_schedule(lambda count: -jnp.minimum(lr(count), (count + 1.0) ** -0.5)),
        optax.add_decayed_weights(lambda count: -h.weight_decay * lr(count)),
    )


_MATRICES = (
    whole_row(
        "adafactor",
        "scale_by_factored_rms",
        _adafactor,
        {"decay": 0.5, "eps1": 0.1, "eps2": 1.0, "clip_threshold": 0.5, **_DECAY},
        leaves=("matrix", "vector", "scalar"),
        note="optax factors the two largest axes of a convolution, not the last two",
    ),
    whole_row(
        "muon_optax",
        "contrib.muon(eps=0)",
        lambda lr, h: contrib.muon(
            lr,
            beta=h.b1,
            eps=0.0,
            weight_decay=h.weight_decay,
            muon_weight_dimension_numbers=(contrib.MuonDimensionNumbers(), contrib.MuonDimensionNumbers(2, 3)),
        ),
        {"b1": 0.8, **_DECAY},
        leaves=("matrix", "convolution"),
        note="optax leaves vectors to AdamW",
    ),
)

_SECOND_ORDER = (
    whole_row(
        "lbfgs",
        "scale_by_lbfgs(3)",
        lambda lr, h: optax.chain(optax.scale_by_lbfgs(3), optax.scale_by_learning_rate(lr)),
        {},
    ),
)

ROWS: tuple[Peer, ...] = (*_LAYERS, *_SIGNALS, *_PARAMETER_FREE, *_AVERAGING, *_MATRICES, *_SECOND_ORDER)
