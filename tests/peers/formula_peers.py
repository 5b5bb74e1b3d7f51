"""Rules written from their papers' equations, for programs that no package has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import adaptive_formulas as adaptive
from . import gradient_formulas as gradient
from . import matrix_formulas as matrix
from . import signal_formulas as signal
from .formulas import each_leaf, whole_tree
from .peer import Peer


def _leaf(program: str, rule: Callable[..., np.ndarray], changed: dict[str, float], **facts: Any) -> Peer:
    return Peer(program, "formula", each_leaf(rule), changed, **facts)


def _matrix(program: str, rule: Callable[..., np.ndarray], changed: dict[str, float], **facts: Any) -> Peer:
    return Peer(program, "formula", matrix.each_matrix(rule), changed, **facts)


def _tree(program: str, rule: Callable[..., Any], changed: dict[str, float], **facts: Any) -> Peer:
    return Peer(program, "formula", whole_tree(rule), changed, **facts)


_DECAY = {"weight_decay": 0.1}
_MOMENTUM = {"b1": 0.8, **_DECAY}
_ADAM = {"b1": 0.8, "b2": 0.97, "eps": 1e-3, **_DECAY}
_RPROP = {"grow": 1.5, "shrink": 0.3, "step_min": 1e-3, "step_max": 0.1}

_GRADIENT = (
    _leaf("momentum_lr_inside", gradient.momentum_with_the_rate_inside, _MOMENTUM),
    _leaf("l2_sgd", gradient.regularized_momentum, _MOMENTUM),
    _tree("normalized_sgd", gradient.normalized_descent, {}),
    _tree("adagrad_norm", gradient.adagrad_norm, {"b0": 2.0}),
    _tree("lion_raw", gradient.raw_lion, {}),
    _leaf("apollo", gradient.apollo, {"eps": 0.1, "bound": 0.5, **_MOMENTUM}),
    _leaf("apollo_v3", gradient.rescaled_apollo, {"eps": 1e-3, "bound": 0.1, **_MOMENTUM}),
)

_ADAPTIVE = (
    _leaf("adagrad", adaptive.adagrad, {"eps": 1e-3, **_DECAY}),
    _leaf("adamw", adaptive.adamw_without_correction, {"b1": 0.8, "b2": 0.97, **_DECAY}),
    _leaf("adamw_nobias", adaptive.adamw_with_epsilon, _ADAM),
    _leaf("eadam", adaptive.eadam, _ADAM),
    _leaf(
        "ademamix_scheduled",
        adaptive.scheduled_ademamix,
        {"b3": 0.95, "alpha": 2.0, "warmup": 20.0, **_ADAM},
    ),
    _leaf("nadam_dozat", adaptive.dozat_nadam, {"momentum_decay": 0.1, **_ADAM}),
    _leaf("amsgrad_torch", adaptive.amsgrad_of_raw_moment, _ADAM),
    _leaf("adan", adaptive.adan, {"b3": 0.9, **_ADAM}),
    _leaf("mars_adamw", adaptive.mars_adamw, {"gamma": 0.1, **_ADAM}),
    _leaf("cautious_adamw", adaptive.cautious_adamw, _ADAM),
    _leaf("cautious_lion", adaptive.cautious_lion, {"b1": 0.8, "b2": 0.97, **_DECAY}),
    _leaf("grams", adaptive.grams, _ADAM),
    _leaf("adam_mini", adaptive.adam_mini, _ADAM),
    _leaf("adam_atan2", adaptive.adam_atan2, {"b1": 0.8, "b2": 0.97, "a": 2.0, "b": 0.5, **_DECAY}),
    _leaf("madgrad", adaptive.madgrad, {"b1": 0.8, "eps": 1e-2}),
    _leaf("rprop", adaptive.rprop, _RPROP),
    _leaf("quickprop", adaptive.quickprop, {"mu": 1.2, "threshold": 0.1}),
)

_SOPHIA = {"b1": 0.8, "b2": 0.9, "gamma": 0.5, "eps": 0.1, "hessian_every": 3.0, "weight_decay": 1.0}

_SIGNALS = (
    _tree("sophia", signal.sophia, _SOPHIA),
    _tree("sophia_g", signal.sophia_g, _SOPHIA),
    _tree("adahessian", signal.adahessian, {"hessian_power": 0.5, **_ADAM}),
    _tree("sam_sgd", signal.sharpness_aware, {"rho": 0.5, **_DECAY}),
    _tree("svrg", signal.svrg, {"anchor_every": 7.0, **_DECAY}),
    _tree("dog", signal.distance_over_gradients, {"r0": 1e-3, "eps": 1.0, **_DECAY}),
    _tree("polyak_sgd", signal.polyak, {"f_min": -1.0, "max_step": 1.2, "eps": 0.1}),
)

_MATRICES = (
    _matrix("muon_optax", matrix.corrected_muon, _MOMENTUM),
    _matrix("muon", matrix.muon, _MOMENTUM),
    _matrix("muon_moonlight", matrix.moonlight, {"rms": 0.5, "b1": 0.8, "weight_decay": 0.5}),
    _matrix("matrix_lion", matrix.lion, {"b1": 0.8, "b2": 0.6, "scale": 0.5, "weight_decay": 0.5}),
    _matrix("shampoo", matrix.shampoo, {"eps": 1e-2, **_DECAY}),
    _leaf(
        "adafactor",
        matrix.adafactor,
        {"decay": 0.5, "eps1": 0.1, "eps2": 1.0, "clip_threshold": 0.5, **_DECAY},
    ),
    _matrix("soap", matrix.soap, {"precondition_every": 3.0, **_ADAM}),
)

ROWS: tuple[Peer, ...] = (*_GRADIENT, *_ADAPTIVE, *_SIGNALS, *_MATRICES)
