from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from evaluation.small_tasks import make_spec
from rivals.test_rival import make

from lionsearch.catalog import load_program
from lionsearch.errors import SettingError, UnknownNameError
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.trainer import Trainer
from lionsearch.rivals.making import make_rival, resolve_rival
from lionsearch.rivals.rival import Costs
from lionsearch.rivals.wrapping import wrap
from lionsearch.tasks.problem import Problem


class Keeps:
    """Takes the gradient at its weights as its step; asks for one more gradient and a loss."""

    def init(self, weights, count):
        return ()

    def step(self, oracle, state):
        return (oracle.gradient, oracle.gradient_at(oracle.weights), oracle.lr), state, Costs(1.0, 1.0)


@pytest.fixture(scope="module")
def trainer():
    return Trainer(make_spec(factory="evaluation.small_tasks:regression"), Limits())


def test_a_rival_in_it_may_refuse_a_task():
    labelled = Problem(lambda key: None, lambda *given: None, {"label": np.array([0, 1, 2])}, None, None)
    rival = make_rival(resolve_rival("sam(rival:mert)"))
    with pytest.raises(SettingError, match="classes is 10; the task has labels from 0 to 2"):
        rival.check(labelled)
    make_rival(resolve_rival("sam(optax:sgd)")).check(labelled)


@pytest.mark.parametrize(
    "around", ["sam({}, rho=0.01)", "clip_norm({}, limit=0.1)", "warmup(cosine({}, total=80), steps=20)"]
)
def test_around_sgd_it_trains_as_around_the_program(trainer, around):
    losses = []
    for name, load in (("optax:sgd", resolve_rival), ("sgd", load_program)):
        losses.append(trainer.train(load(around.format(name)), 3, "validation", 0.02).loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    plain = trainer.train(load_program("sgd"), 3, "validation", 0.02)
    assert losses[0] != pytest.approx(plain.loss, rel=1e-4)


def test_sam_measures_every_gradient_ahead_and_counts_it():
    oracle = make()
    gradient = np.asarray(oracle.gradient["w"], np.float64)
    ahead = {"w": oracle.weights["w"] + jnp.asarray(0.1 * gradient / np.linalg.norm(gradient), jnp.float32)}
    (given, asked, _), _, costs = wrap(Keeps(), "sam", {"rho": 0.1}).step(oracle, ())
    for found in (given, asked):
        np.testing.assert_allclose(found["w"], oracle.gradient_at(ahead)["w"], rtol=1e-4)
    assert costs == (1 + 3, 1, 0)


@pytest.mark.parametrize(("name", "limit"), [("clip_norm", 0.5), ("clip_value", 0.2), ("clip_tensor_rms", 0.3)])
def test_clipping_is_of_every_gradient(name, limit):
    oracle = make()
    (given, asked, _), _, costs = wrap(Keeps(), name, {"limit": limit}).step(oracle, ())
    size = {
        "clip_norm": lambda g: np.linalg.norm(g),
        "clip_value": lambda g: np.abs(g).max(),
        "clip_tensor_rms": lambda g: np.sqrt(np.mean(np.square(g))),
    }[name]
    for found in (given, asked):
        assert size(found["w"]) == pytest.approx(limit, rel=1e-4)
    assert costs == (1, 1, 0)
    assert size(oracle.gradient["w"]) > limit


def test_a_schedule_multiplies_the_rate():
    oracle = replace(make(), lr=jnp.float32(2.0), step=jnp.int32(25))
    (_, _, rate), _, _ = wrap(Keeps(), "warmup", {"steps": 100}).step(oracle, ())
    assert float(rate) == pytest.approx(0.5)


def test_what_is_not_there_is_said():
    with pytest.raises(UnknownNameError, match="unknown transform around a rival 'clip_nrm'; did you mean 'clip_norm'"):
        resolve_rival("clip_nrm(optax:sgd)")
    with pytest.raises(UnknownNameError, match="unknown setting of sam 'rhoo'; did you mean 'rho'"):
        resolve_rival("sam(optax:sgd, rhoo=1)")
    for text in ("cosine(optax:sgd, total=0)", "warmup(optax:sgd, steps=1e999)", "sam(optax:sgd, rho=-1)"):
        with pytest.raises(SettingError, match=r"expected (more than 0|0 or more)|must be a number"):
            resolve_rival(text)
