import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.tasks.models import pretraining
from lionsearch.tasks.models.pretraining import Plan, Pretrained, load_or_train, start_from
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem

X = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)


def squares(w, state, x):
    return jnp.mean((x @ w["slope"] - x.sum(axis=1)) ** 2)


PROBLEM = Problem(
    lambda key: ({"slope": jax.random.normal(key, (3,))}, ()),
    squares,
    *(X, X, X),
    train_loss=lambda w, state, x, key: (squares(w, state, x), state),
    stateful=True,
)
PLAN = Plan(steps=200, batch=16, rate=0.1, decay=0.0)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path))
    return tmp_path / "weights"


def test_the_training_is_traced_once():
    traced = []

    def train_loss(w, state, x, key):
        traced.append(key)
        return squares(w, state, x), state

    problem = dataclasses.replace(PROBLEM, train_loss=train_loss)
    load_or_train(problem, PLAN, "line")
    with_training = len(traced)
    load_or_train(problem, PLAN, "line")  # read, so that there is only the recipe
    assert len(traced) == 2 * with_training


def test_weights_are_trained_once_and_then_read(cache, monkeypatch):
    weights = load_or_train(PROBLEM, PLAN, "line").weights
    np.testing.assert_allclose(weights["slope"], 1.0, atol=0.05)
    monkeypatch.setattr(pretraining, "_train", None)
    np.testing.assert_array_equal(load_or_train(PROBLEM, PLAN, "line").weights["slope"], weights["slope"])
    [file] = cache.iterdir()
    assert file.suffix == ".npz"


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_file_that_is_none_is_made_again(cache, monkeypatch, content):
    monkeypatch.setattr(pretraining, "_train", lambda training, examples: {"slope": np.ones(3, np.float32)})
    load_or_train(PROBLEM, PLAN, "line")
    [file] = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-30] if content is None else content)
    assert load_or_train(PROBLEM, PLAN, "line").weights["slope"].tolist() == [1, 1, 1]
    assert file.read_bytes() == whole


def test_another_plan_network_or_data_has_weights_of_its_own(cache, monkeypatch):
    monkeypatch.setattr(pretraining, "_train", lambda training, examples: {"slope": np.ones(3, np.float32)})
    recipes = set()
    for problem, plan, about in (
        (PROBLEM, PLAN, "line"),
        (PROBLEM, dataclasses.replace(PLAN, steps=300), "line"),
        (PROBLEM, PLAN, "other"),
        (dataclasses.replace(PROBLEM, train=X + 1), PLAN, "line"),
    ):
        recipes.add(load_or_train(problem, plan, about).recipe)
    assert len([*cache.iterdir()]) == len(recipes) == 4


def test_a_folder_that_cannot_be_written_does_no_harm(cache, monkeypatch):
    cache.write_text("a file")
    monkeypatch.setattr(pretraining, "_train", lambda training, examples: {"slope": np.ones(3, np.float32)})
    assert load_or_train(PROBLEM, PLAN, "line").weights["slope"].tolist() == [1, 1, 1]


def test_a_problem_starts_from_the_weights_whatever_the_key():
    problem = start_from(PROBLEM, Pretrained({"slope": np.ones(3, np.float32)}, "ones"))
    assert [problem.init(jax.random.key(key))[0]["slope"].tolist() for key in (0, 1)] == [[1, 1, 1]] * 2


def test_what_another_processor_has_trained_by_the_same_recipe_is_the_same_task():
    """Weights after some hundred steps are others on another processor; a ledger has to go on there."""
    here, there, other = (
        Objective(start_from(PROBLEM, Pretrained({"slope": np.full(3, value, np.float32)}, recipe)))
        for value, recipe in ((1.0, "line"), (1.001, "line"), (1.0, "another line"))
    )
    assert here.describe() == there.describe() != other.describe()
