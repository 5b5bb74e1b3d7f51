"""What the contracts are asked of: the shipped programs, one composition for each transform, and searched programs."""

from __future__ import annotations

from pathlib import Path

from lionsearch.archive.targets import load_target
from lionsearch.catalog import PROGRAMS
from lionsearch.compose import TRANSFORMS
from lionsearch.lang import INPUTS, Program

_WINNERS = Path(__file__).parents[2] / "experiments" / "rediscover_lion" / "winners"
_SHORT = {
    "warmup": "warmup(adam, steps=20)",
    "cosine": "cosine(adam, total=10000)",
    "warmup_cosine": "warmup_cosine(adam, warmup=20, total=10000)",
    "one_cycle": "one_cycle(adam, total=10000)",
    "inverse_sqrt": "inverse_sqrt(adam, warmup=20)",
    "wsd": "wsd(adam, warmup=20, decay_at=7500, total=10000)",
    "matrices": "matrices(muon, adam)",
}
COMPOSITIONS = tuple(_SHORT.get(name, f"{name}(adam)") for name in TRANSFORMS)
SEARCHED = ("seed_0", "seed_3", "seed_4")
"""Winners of searches for Lion: two read `lr` otherwise than as `lr * lr_scale`, or a norm over all parameters."""

SUBJECTS = (*PROGRAMS.names(), *COMPOSITIONS, *SEARCHED)


def target(subject: str) -> str:
    """Return what an export is asked for."""
    return str(_WINNERS / f"{subject}.py") if subject in SEARCHED else subject


def program(subject: str) -> Program:
    """Return a subject's program."""
    return load_target(target(subject))[0]


def without_decay(subject: str) -> dict[str, float]:
    """Return the hyperparameters with which a minimum of the loss is one of the training too."""
    return {name: 0.0 for name, _ in program(subject).hyperparameters if name.endswith("weight_decay")}


def asks_for(subject: str) -> list[str]:
    """Return the arguments of optax's `update` that its program asks for."""
    return [INPUTS[name].optax_name or name for name in program(subject).optional_inputs if name != "t"]
