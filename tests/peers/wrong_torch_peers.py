"""Optimizers for PyTorch that are not what they say they are, or are less exact, each shown by what it computes.

They are in nobody's row, or only in one with a note. A demonstration that fails says that the peer was mended (or
broken in another way): then it can be a row. `test_torch_peers.py` runs them where PyTorch is installed.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from .formulas import each_leaf, whole_tree
from .gradient_formulas import adagrad_norm, apollo, length
from .peer import Run
from .recordings import replay
from .torch_runs import Handling, Keywords, Training, live_run
from .torch_steps import build_around, build_with_class, step_with_closure, use, use_adam
from .trajectory import VARYING, make_problem, max_relative_difference

_ADAM = {"b1": 0.9, "b2": 0.99, "eps": 1e-3, "weight_decay": 0.0}
_RATES = 0.01 * VARYING


def _difference(
    expected: Run | str,
    by: str,
    keywords: Keywords,
    facts: dict[str, float],
    handling: Handling = Handling(),  # noqa: B008
) -> float:
    """Return how far an optimizer is from a rule, or from the program of that name."""
    problem = make_problem(("matrix",) if handling.transposed else ("matrix", "vector"))
    found = live_run(by, keywords, handling)(problem, facts, _RATES)
    if isinstance(expected, str):
        return max_relative_difference(found, replay(expected, problem, {**facts, "lr_scale": 1.0}, _RATES))
    return max_relative_difference(found, expected(problem, facts, _RATES))


def lookahead_copies_late() -> None:
    """torch_optimizer.Lookahead starts its slow weights after the first step, and synchronizes then, at 1 + k, ..."""
    facts = {"k": 5, "alpha": 0.5}

    def rule(late: int) -> Run:
        def step(s, w, g, lr, t, h):
            if t == 1 + late:
                s["slow"] = w
            fast = w - lr * g
            if t > late and (t - late) % h.k == 0:
                fast = s["slow"] = (1 - h.alpha) * s["slow"] + h.alpha * fast
            return fast

        return each_leaf(step)

    def found(late: int) -> float:
        by, handling = "torch_optimizer.Lookahead", Handling(build=build_around("torch.optim.SGD", "k", "alpha"))
        return _difference(rule(late), by, use(k="k", alpha="alpha"), facts, handling)

    assert found(0) > 1e-3
    assert found(1) < 1e-12


def lamb(s, w, g, lr, t, h):
    """You et al. 2020, algorithm 2: moments are corrected, and the decay is part of what the ratio rescales."""
    first, second = _moments(s, g, h)
    step = first / (1 - h.b1**t) / (np.sqrt(second / (1 - h.b2**t)) + h.eps) + h.weight_decay * w
    return w - lr * np.linalg.norm(w) / np.linalg.norm(step) * step


def _moments(s, g, h):
    s["m"] = h.b1 * s["m"] + (1 - h.b1) * g
    s["v"] = h.b2 * s["v"] + (1 - h.b2) * g**2
    return s["m"], s["v"]


def lamb_decays_outside() -> None:
    """pytorch_optimizer.Lamb rescales neither decay nor corrected moments; it corrects the rate, for b1 alone."""

    def outside(s, w, g, lr, t, h):
        first, second = _moments(s, g, h)
        w, step = (1 - lr * h.weight_decay) * w, first / (np.sqrt(second) + h.eps)
        rate = lr / (1 - h.b1**t)
        return w - rate * min(np.linalg.norm(w), 10) / (np.linalg.norm(step) + h.eps) * step

    facts = {**_ADAM, "weight_decay": 0.1}
    keywords = use_adam(weight_decay="weight_decay")
    assert _difference(each_leaf(lamb), "pytorch_optimizer.Lamb", keywords, facts) > 1e-3
    assert _difference(each_leaf(outside), "pytorch_optimizer.Lamb", keywords, facts) < 1e-12


def lamb_corrects_outside() -> None:
    """torch_optimizer.Lamb(debias=True) rescales moments that are not corrected, and corrects the learning rate."""

    def outside(s, w, g, lr, t, h):
        first, second = _moments(s, g, h)
        step = first / (np.sqrt(second) + h.eps) + h.weight_decay * w
        rate = lr * np.sqrt(1 - h.b2**t) / (1 - h.b1**t)
        return w - rate * min(np.linalg.norm(w), 10) / np.linalg.norm(step) * step

    facts = {**_ADAM, "weight_decay": 0.1}
    keywords = use_adam(weight_decay="weight_decay", debias=True)
    assert _difference(each_leaf(lamb), "torch_optimizer.Lamb", keywords, facts) > 1e-3
    assert _difference(each_leaf(outside), "torch_optimizer.Lamb", keywords, facts) < 1e-12


def lars_keeps_the_rate_outside() -> None:
    """pytorch_optimizer.LARS has the learning rate outside the momentum, and leaves vectors to plain momentum."""
    facts = {"b1": 0.9, "trust": 0.5, "weight_decay": 0.1}
    keywords = use(momentum="b1", trust_coefficient="trust", weight_decay="weight_decay")

    def rule(inside: bool) -> Run:
        def step(s, w, g, lr, t, h):
            sizes = np.linalg.norm(w), np.linalg.norm(g)
            rescaled = h.trust * sizes[0] / (sizes[1] + h.weight_decay * sizes[0]) * (g + h.weight_decay * w)
            s["m"] = h.b1 * s["m"] + (lr if inside else 1) * (rescaled if inside or w.ndim > 1 else g)
            return w - (1 if inside else lr) * s["m"]

        return each_leaf(step)

    assert _difference(rule(inside=True), "pytorch_optimizer.LARS", keywords, facts) > 1e-2
    assert _difference(rule(inside=False), "pytorch_optimizer.LARS", keywords, facts) < 1e-12


def adopt_clips_a_step_ahead() -> None:
    """pytorch_optimizer.ADOPT clips at t^(1/4) where the paper, which counts from 0, has (t - 1)^(1/4)."""
    facts = {**_ADAM, "eps": 0.1}
    assert _difference("adopt", "pytorch_optimizer.ADOPT", use_adam(), facts) > 1e-3
    mended = use_adam(clip_lambda=lambda t: (t - 1) ** 0.25)
    assert _difference("adopt", "pytorch_optimizer.ADOPT", mended, facts) < 1e-12


def simplified_ademamix_divides_by_the_correction() -> None:
    """pytorch_optimizer.SimplifiedAdEMAMix averages where the paper sums, and divides by sqrt(1 - b2^t)."""

    def divided(s, w, g, lr, t, h):
        first, second = _moments(s, g, h)
        root = np.sqrt(1 - h.b2**t)
        return w - lr * (first + h.alpha * g) / (np.sqrt(second) / root + h.eps) / root**2

    facts, by = {**_ADAM, "alpha": 2.0}, "pytorch_optimizer.SimplifiedAdEMAMix"
    keywords = use_adam(alpha="alpha", foreach=False)  # or it divides in float32
    assert _difference("simplified_ademamix", by, keywords, facts) > 1e-2
    assert _difference(each_leaf(divided), by, keywords, facts) < 1e-12


def names_clash() -> None:
    """pytorch_optimizer's APOLLO is a low-rank Adam, its AdaNorm an Adam on rescaled gradients: other methods."""
    facts = {"b1": 0.9, "b2": 0.99, "eps": 1e-4, "bound": 1.0, "b0": 0.1, "weight_decay": 0.0}
    assert _difference(each_leaf(apollo), "pytorch_optimizer.APOLLO", use(), facts) > 1e-3
    assert _difference(whole_tree(adagrad_norm), "pytorch_optimizer.AdaNorm", use(), facts) > 1e-3


def orders_differ() -> None:
    """torch.optim's NAdam and AMSGrad are not optax's: another momentum schedule, another place of the maximum."""
    assert _difference("nadam", "torch.optim.NAdam", use_adam(), _ADAM) > 1e-5
    facts = {**_ADAM, "b2": 0.8}
    assert _difference("amsgrad", "torch.optim.Adam", use_adam(amsgrad=True), facts) > 1e-5
    assert _difference("amsgrad_torch", "torch.optim.Adam", use_adam(amsgrad=True), facts) < 1e-12


def clip_grad_norm_adds_to_the_norm() -> None:
    """torch.nn.utils.clip_grad_norm_ divides by the norm plus 1e-6."""

    def step(optimizer: Any, training: Training, h: SimpleNamespace) -> None:
        from torch.nn.utils import clip_grad_norm_

        clip_grad_norm_(training.parameters, 0.1)
        optimizer.step()

    def rule(added: float) -> Run:
        def clipped(s, weights, t, lr, problem, h):
            gradient = problem.gradient(t, weights)
            scale = min(1.0, 0.1 / (length(gradient) + added))
            return [w - lr * scale * g for w, g in zip(weights, gradient, strict=True)]

        return whole_tree(clipped)

    assert 1e-11 < _difference(rule(0.0), "torch.optim.SGD", use(), {}, Handling(step=step)) < 1e-7
    assert _difference(rule(1e-6), "torch.optim.SGD", use(), {}, Handling(step=step)) < 1e-12


def epsilons_are_elsewhere() -> None:
    """torch.optim.RAdam and pytorch_optimizer.MARS add eps before the bias correction."""
    assert _difference("radam", "torch.optim.RAdam", use_adam(), _ADAM) > 1e-6
    facts = {**_ADAM, "gamma": 0.025}
    assert _difference("mars_adamw", "pytorch_optimizer.MARS", use_adam(gamma="gamma", optimize_1d=True), facts) > 1e-6


def prodigy_does_not_correct() -> None:
    """pytorch_optimizer.Prodigy and prodigyopt leave the bias correction out unless told not to."""
    facts = {**_ADAM, "d0": 1e-3, "d_coef": 1.0}
    for by in ("pytorch_optimizer.Prodigy", "prodigyopt.Prodigy"):
        assert _difference("prodigy", by, use_adam(d0="d0"), facts) > 1e-4


def floats_are_narrow() -> None:
    """torch.optim.Muon works in bfloat16; pytorch_optimizer.SAM takes a norm in float32: the rows leave that out."""
    facts = {"b1": 0.95, "weight_decay": 0.0}
    muon = Handling(transposed=True)
    assert _difference("muon", "torch.optim.Muon", use(momentum="b1", weight_decay=0.0), facts, muon) > 1e-5
    sam = Handling(build=build_with_class("torch.optim.SGD"), step=step_with_closure)
    found = _difference("sam_sgd", "pytorch_optimizer.SAM", use(rho="rho"), {"rho": 0.2, "weight_decay": 0.0}, sam)
    assert 1e-11 < found < 1e-7


DEMONSTRATIONS = (
    lookahead_copies_late,
    lamb_decays_outside,
    lamb_corrects_outside,
    lars_keeps_the_rate_outside,
    adopt_clips_a_step_ahead,
    simplified_ademamix_divides_by_the_correction,
    names_clash,
    orders_differ,
    clip_grad_norm_adds_to_the_norm,
    epsilons_are_elsewhere,
    prodigy_does_not_correct,
    floats_are_narrow,
)
