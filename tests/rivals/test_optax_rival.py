"""Every optimizer of optax that a program equals trains to the program's loss."""

import jax.numpy as jnp
import numpy as np
import pytest
from evaluation.small_tasks import make_spec

from lionsearch.catalog import load_program
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.trainer import Trainer
from lionsearch.lang import Program
from lionsearch.rivals.making import make_rival, resolve_rival
from lionsearch.rivals.optax_rival import OptaxRival
from lionsearch.rivals.shelf import PEERS

OTHER = {
    "optax:signum",  # optax's averages without its first step
    "optax:adan",  # optax's first difference of gradients is another
    "optax:adafactor",  # clips, scales by the weights and has a schedule of its own
    "optax.contrib:muon",  # leaves vectors to Adam
    "optax.contrib:ademamix",  # has no warm-up by itself
    "optax.contrib:prodigy",  # begins with another estimate
    "optax.contrib:schedule_free_adamw",  # other constants
    "optax.contrib:schedule_free_sgd",
}
"""What is not the same rule by itself; `tests/peers` has the constants with which it is."""


@pytest.fixture(scope="module")
def trainer():
    return Trainer(make_spec(factory="evaluation.small_tasks:regression"), Limits())


def train(trainer: Trainer, optimizer: Program | str) -> float:
    given = resolve_rival(optimizer) if isinstance(optimizer, str) else optimizer
    found = trainer.train(given, 3, "validation", 0.02)
    assert found.loss is not None, found.failure
    return found.loss


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in ("optax:lion", "optax:adamw", "optax:sgd") else pytest.mark.thorough)
        for name in PEERS
        if name not in OTHER
    ],
)
def test_what_a_program_equals_trains_to_its_loss(trainer, name):
    found = train(trainer, name)
    assert found == pytest.approx(train(trainer, load_program(PEERS[name])), rel=2e-3)
    assert found != pytest.approx(train(trainer, f"{name}(lr_scale=0.0123)"), rel=1e-5)


def test_weight_decay_and_rate_need_no_other_compilation(trainer, monkeypatch):
    traced, step = [], OptaxRival.step
    monkeypatch.setattr(OptaxRival, "step", lambda self, *given: traced.append(1) or step(self, *given))
    settings = ("b1=0.8", "b1=0.8, weight_decay=10", "b1=0.8, lr_scale=0.02")
    losses = [train(trainer, f"optax:adamw({each})") for each in settings]
    assert len({*losses}) == 3
    once = len(traced)
    train(trainer, "optax:adamw(b1=0.7)")
    assert len(traced) == 2 * once


def test_what_a_line_search_asks_is_counted():
    problem = make_spec(factory="evaluation.small_tasks:regression", batch=64, steps=10, warmup=0)
    outcome = Trainer(problem, Limits()).train(resolve_rival("optax:lbfgs"), 3, "validation")
    assert outcome.costs[0] > 1.5
    assert outcome.costs[1:] == (0.0, 0.0)


def test_schedule_free_weights_are_measured_where_they_are_averaged():
    rival = make_rival(resolve_rival("optax.contrib:schedule_free_sgd"))
    weights = {"w": jnp.array([1.0, -2.0])}
    state = rival.init(weights, 10)
    np.testing.assert_allclose(rival.measured(weights, state)["w"], weights["w"])
    moved = {"w": weights["w"] + 1}
    assert not np.allclose(rival.measured(moved, state)["w"], moved["w"])
