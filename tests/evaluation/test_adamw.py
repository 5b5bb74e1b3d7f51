from dataclasses import replace

import jax
import pytest
from small_tasks import make_spec, normalized_regression, regression

from lionsearch.evaluation.adamw import TunedAdamw
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.trainer import Trainer
from lionsearch.tasks.spec import TaskSpec


def adamw_on(spec: TaskSpec) -> TunedAdamw:
    return TunedAdamw(Trainer(spec, Limits(max_length=24, max_slots=4)))


@pytest.fixture(scope="module")
def adamw() -> TunedAdamw:
    return adamw_on(make_spec())


def test_references_are_stored_and_not_measured_again(adamw, private_cache, monkeypatch):
    first = adamw.reference(99, "validation")
    assert len(list(private_cache.rglob("*.json"))) == 1
    second = adamw_on(make_spec())
    monkeypatch.setattr(second, "_train", lambda *key: pytest.fail("it was measured again"))
    assert second.reference(99, "validation") == first


def louder_regression():
    problem = regression()
    return replace(problem, loss=lambda params, batch: 2.0 * problem.loss(params, batch))


def flatter_regression():
    problem = regression()
    return replace(problem, init=lambda key: jax.tree.map(lambda w: 0.5 * w, problem.init(key)))


@pytest.mark.parametrize("function", ["louder_regression", "flatter_regression"])
def test_the_fingerprint_follows_the_code_of_a_task(adamw, monkeypatch, function):
    monkeypatch.setattr("small_tasks.regression", globals()[function])  # edited: the same name, settings and data
    changed = adamw_on(make_spec())
    assert changed.spec == adamw.spec
    assert changed.fingerprint != adamw.fingerprint
    assert changed.fingerprint == adamw_on(make_spec()).fingerprint


def test_the_fingerprint_follows_settings_and_data(adamw):
    prints = {
        adamw_on(spec).fingerprint
        for spec in (make_spec(), make_spec(steps=120), make_spec(options={"seed": 1}), make_spec(weight_decay=0.2))
    }
    assert len(prints) == 4
    assert adamw.fingerprint in prints


def drifting_regression():
    problem = normalized_regression()

    def train_loss(params, state, batch, key):
        loss, after = problem.train_loss(params, state, batch, key)
        return loss, {**after, "mean": after["mean"] + 1e-3}

    return replace(problem, train_loss=train_loss)


def test_the_fingerprint_follows_the_trained_loss(monkeypatch):
    spec = make_spec(factory="small_tasks:normalized_regression")
    before = adamw_on(spec).fingerprint
    monkeypatch.setattr("small_tasks.normalized_regression", drifting_regression)
    assert adamw_on(spec).fingerprint != before
