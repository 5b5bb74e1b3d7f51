"""Programs that optax has, as one transformation or as an exact chain of several."""

from __future__ import annotations

import optax
from optax import contrib

from . import optax_wide_peers
from .optax_runs import negative, scaled_row, whole_row
from .peer import Peer

_DECAY = {"weight_decay": 0.1}
_MOMENTS = {"b1": 0.8, "b2": 0.97, "eps": 1e-3}
_ADAM = {**_MOMENTS, **_DECAY}
_RMS = {"b2": 0.8, "eps": 1e-3, **_DECAY}

_GRADIENT = (
    scaled_row("sgd", "identity", lambda h: optax.identity(), _DECAY),
    scaled_row("momentum", "trace", lambda h: optax.trace(h.b1), {"b1": 0.8, **_DECAY}),
    scaled_row("sgdw", "trace", lambda h: optax.trace(h.b1), {"b1": 0.8, **_DECAY}),
    scaled_row("nesterov", "trace(nesterov=True)", lambda h: optax.trace(h.b1, nesterov=True), {"b1": 0.8, **_DECAY}),
    scaled_row("sign_sgd", "scale_by_sign", lambda h: optax.scale_by_sign(), _DECAY),
    scaled_row(
        "signum",
        "ema, scale_by_sign",
        lambda h: optax.chain(optax.ema(h.b1, debias=False), optax.scale_by_sign()),
        {"b1": 0.8, "weight_decay": 1.0},
    ),
    scaled_row(
        "tiger",
        "ema, scale_by_sign",
        lambda h: optax.chain(optax.ema(h.b1, debias=False), optax.scale_by_sign()),
        {"b1": 0.8, "weight_decay": 1.0},
    ),
    scaled_row(
        "optimistic_gradient_descent",
        "scale_by_optimistic_gradient",
        lambda h: optax.scale_by_optimistic_gradient(h.alpha, h.beta),
        {"alpha": 0.5, "beta": 2.0, **_DECAY},
    ),
    scaled_row(
        "lion", "scale_by_lion", lambda h: optax.scale_by_lion(h.b1, h.b2), {"b1": 0.8, "b2": 0.97, "weight_decay": 1.0}
    ),
    scaled_row(
        "generalized_signsgd",
        "ema, scale_by_rms",
        lambda h: optax.chain(optax.ema(h.b1, debias=False), optax.scale_by_rms(h.b2, h.eps, eps_in_sqrt=False)),
        _ADAM,
    ),
)

_ADAPTIVE = (
    scaled_row(
        "adagrad_optax",
        "scale_by_rss",
        lambda h: optax.scale_by_rss(h.v0, h.eps),
        {"v0": 0.5, "eps": 1e-3, **_DECAY},
    ),
    scaled_row("rmsprop", "scale_by_rms", lambda h: optax.scale_by_rms(h.b2, h.eps), _RMS),
    scaled_row(
        "rmsprop_torch",
        "scale_by_rms(eps_in_sqrt=False)",
        lambda h: optax.scale_by_rms(h.b2, h.eps, eps_in_sqrt=False),
        _RMS,
    ),
    scaled_row(
        "rmsprop_centered",
        "scale_by_stddev(eps_in_sqrt=False)",
        lambda h: optax.scale_by_stddev(h.b2, h.eps, eps_in_sqrt=False),
        _RMS,
    ),
    scaled_row(
        "rmsprop_momentum",
        "scale_by_rms(eps_in_sqrt=False), trace",
        lambda h: optax.chain(optax.scale_by_rms(h.b2, h.eps, eps_in_sqrt=False), optax.trace(h.b1)),
        {"b1": 0.8, **_RMS},
    ),
    scaled_row("adadelta", "scale_by_adadelta", lambda h: optax.scale_by_adadelta(h.b2, h.eps), _RMS),
    scaled_row("adam", "scale_by_adam", lambda h: optax.scale_by_adam(h.b1, h.b2, h.eps), _MOMENTS),
    scaled_row("adam_counter_free", "scale_by_adam", lambda h: optax.scale_by_adam(h.b1, h.b2, h.eps), _MOMENTS),
    scaled_row("adamw_debiased", "scale_by_adam", lambda h: optax.scale_by_adam(h.b1, h.b2, h.eps), _ADAM),
    scaled_row(
        "nadam",
        "scale_by_adam(nesterov=True)",
        lambda h: optax.scale_by_adam(h.b1, h.b2, h.eps, nesterov=True),
        _ADAM,
    ),
    scaled_row("amsgrad", "scale_by_amsgrad", lambda h: optax.scale_by_amsgrad(h.b1, h.b2, h.eps), _ADAM),
    scaled_row(
        "amsgrad_paper",
        "scale_by_amsgrad without corrections",
        lambda h: optax.scale_by_amsgrad(h.b1, h.b2, h.eps, bias_correction_mu=False, bias_correction_nu=False),
        _ADAM,
    ),
    scaled_row(
        "eadam",
        "scale_by_adam(eps=0, eps_root=eps / (1 - b2))",
        lambda h: optax.scale_by_adam(h.b1, h.b2, 0.0, h.eps / (1 - h.b2)),
        _ADAM,
        note="adding eps to v at every step is the same as eps / (1 - b2) in the root",
    ),
    scaled_row("adabelief", "scale_by_belief", lambda h: optax.scale_by_belief(h.b1, h.b2, h.eps, h.eps), _ADAM),
    scaled_row(
        "radam",
        "scale_by_radam",
        lambda h: optax.scale_by_radam(h.b1, h.b2, h.eps, threshold=h.threshold),
        {"threshold": 4.0, **_ADAM, "b2": 0.99},
    ),
    scaled_row("adamax", "scale_by_adamax", lambda h: optax.scale_by_adamax(h.b1, h.b2, h.eps), _ADAM),
    scaled_row(
        "yogi",
        "scale_by_yogi",
        lambda h: optax.scale_by_yogi(h.b1, h.b2, h.eps, initial_accumulator_value=h.initial),
        {"initial": 0.1, **_ADAM, "eps": 1e-2},
    ),
    scaled_row("adopt", "contrib.scale_by_adopt", lambda h: contrib.scale_by_adopt(h.b1, h.b2, h.eps), _ADAM),
    scaled_row(
        "ademamix",
        "contrib.scale_by_ademamix",
        lambda h: contrib.scale_by_ademamix(h.b1, h.b2, h.b3, h.alpha, h.eps),
        {"b3": 0.95, "alpha": 2.0, **_ADAM},
    ),
    scaled_row(
        "simplified_ademamix",
        "contrib.simplified_ademamix",
        lambda h: negative(contrib.simplified_ademamix(1.0, h.b1, h.b2, h.alpha, h.eps)),
        {"alpha": 2.0, **_ADAM},
    ),
    scaled_row(
        "acprop",
        "contrib.scale_by_acprop",
        lambda h: contrib.scale_by_acprop(h.b1, h.b2, h.eps, h.eps_root),
        {"eps_root": 1e-2, **_ADAM},
    ),
    whole_row(
        "madgrad",
        "contrib.madgrad",
        lambda lr, h: contrib.madgrad(lr, h.b1, eps=h.eps),
        {"b1": 0.8, "eps": 1e-2},
        tolerance=1e-7,
        note="optax takes sqrt(t) in float32",
    ),
)

ROWS: tuple[Peer, ...] = (*_GRADIENT, *_ADAPTIVE, *optax_wide_peers.ROWS)
