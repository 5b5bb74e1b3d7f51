from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.errors import TaskError
from lionsearch.tasks import Problem
from lionsearch.tasks.validation import count_examples, count_parameters, validate_batch, validate_problem

X = np.ones((6, 3), np.float32)


class Pair(NamedTuple):
    kernel: Any
    bias: Any


def total(params: Any) -> jax.Array:
    return sum((jnp.sum(leaf) for leaf in jax.tree.leaves(params)), jnp.float32(0))


def make(params: Any = None, **changes: Any) -> Problem:
    params = {"w": jnp.zeros(3)} if params is None else params
    problem = Problem(
        init=lambda key: params,
        loss=lambda params, batch: jnp.mean(batch["x"]) * total(params),
        train={"x": X},
        validation={"x": X[:4]},
        test={"x": X[:2]},
    )
    return replace(problem, **changes)


def validate(problem: Any) -> None:
    validate_problem(problem, "mine")
    validate_batch(problem, 2, "mine")


@pytest.mark.parametrize(
    ("params", "count"),
    [
        (jnp.zeros((2, 3)), 6),
        ({"a": {"b": jnp.zeros(2)}, "c": jnp.float32(1)}, 3),
        ([jnp.zeros(2), (jnp.zeros(1), jnp.zeros((1, 2)))], 5),
        ([Pair(jnp.zeros((3, 4)), jnp.zeros(4)), {"rest": Pair(jnp.zeros(1), None)}], 17),
    ],
)
def test_parameters_are_any_tree_of_float32_arrays(params, count):
    validate_problem(make(params))
    assert count_parameters(make(params)) == count


@pytest.mark.parametrize("data", [X, [X, (X, X)], {"x": X, "y": Pair(X, X[:, 0])}])
def test_data_is_any_tree_of_arrays(data):
    loss = lambda params, batch: jnp.mean(jax.tree.leaves(batch)[0]) * total(params)  # noqa: E731
    validate_problem(make(loss=loss, train=data, validation=data, test=data))
    assert count_examples(data) == 6


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ("a string", "mine: the factory returned str; expected lionsearch.tasks.Problem"),
        (make({"w": jnp.zeros(3, jnp.float16)}), r"mine: init\(key\) must .* float32 arrays; found \['float16'\]"),
        (make({"w": jnp.zeros(3), "n": jnp.zeros(3, int)}), r"found \['float32', 'int32'\]"),
        (make({}), r"mine: init\(key\) must return a tree of float32 arrays; found no arrays"),
        (make(init=lambda: 3), r"mine: init\(key\) failed: TypeError"),
        (
            make(loss=lambda params, batch: batch["x"][:, 0]),
            r"loss\(params, batch\) must return a scalar; found \(4,\)",
        ),
        (make(loss=lambda params, batch: (1.0, 2.0)), r"mine: loss\(params, batch\) must return a scalar"),
        (
            make(sampled_loss=lambda params, batch, key: jnp.mean(batch["x"])),
            r"mine: sampled_loss\(params, batch, key\) must return a loss and the number of predictions; found",
        ),
        (
            make(sampled_loss=lambda params, batch, key: (batch["x"], 3)),
            r"mine: sampled_loss\(params, batch, key\) must return a loss and the number",
        ),
        (
            make(sampled_loss=lambda params, batch: (0.0, 3)),
            r"mine: sampled_loss\(params, batch, key\) failed: TypeError",
        ),
        (make(loss=lambda params, batch: batch["y"]), r"mine: loss\(params, batch\) failed: KeyError: 'y'"),
        (make(train={"x": np.float32(3)}), "mine: train must be a tree of arrays with examples along the first axis"),
        (make(validation={"x": X[:0]}), "mine: validation must be a tree of arrays with examples along the first axis"),
        (make(test={}), "mine: test must be a tree of arrays with examples along the first axis"),
        (make(train={"x": X, "y": X[:2]}), r"the arrays of train have different numbers of examples: \[2, 6\]"),
        (
            make(loss=lambda params, batch: jnp.sum(batch["x"] > 0)),
            r"mine: the gradient of loss.* real-valued outputs .* int32",
        ),
        (make(test={"x": X[:, :2]}), r"mine: an example of test is float32\(2,\); of train it is float32\(3,\)"),
        (
            make(validation={"x": X.astype(int)}),
            r"an example of validation is int64\(3,\); of train it is float32\(3,\)",
        ),
        (
            make(metrics=lambda params, batch: {"all": batch["x"]}),
            r"metrics\(params, batch\) must return scalars by name",
        ),
        (make(metrics=lambda params, batch: total(params)), r"metrics\(params, batch\) must return scalars by name"),
        (
            make(samples=lambda params, key: jnp.zeros((4, 8, 8, 3))),
            r"samples\(params, key\) must return images \(count, height, width\); found .*shape=\(4, 8, 8, 3\)",
        ),
        (make(samples=lambda params: jnp.zeros((4, 8, 8))), r"samples\(params, key\) failed: TypeError"),
        (make(test={"y": X}), r"mine: test is .*'y'.*; train is .*'x'.*"),
    ],
)
def test_a_broken_interface_is_named(problem, message):
    with pytest.raises(TaskError, match=message):
        validate(problem)


def make_stateful(**changes: Any) -> Problem:
    """A problem whose state is a mean and a number of steps."""
    state = {"mean": jnp.zeros(3), "steps": jnp.int32(0)}
    problem = make(
        init=lambda key: ({"w": jnp.zeros(3)}, state),
        loss=lambda params, state, batch: jnp.mean(batch["x"] * params["w"] + state["mean"]),
        train_loss=lambda params, state, batch, key: (jnp.mean(batch["x"] * params["w"]), state),
        metrics=lambda params, state, batch: {"mean": jnp.mean(state["mean"])},
        sampled_loss=lambda params, state, batch, key: (jnp.mean(params["w"] * state["mean"]), len(batch["x"])),
        samples=lambda params, state, key: jnp.full((2, 4, 4), jnp.mean(params["w"] * state["mean"])),
        stateful=True,
    )
    return replace(problem, **changes)


def after(**changes: Any) -> Any:
    """A trained loss whose state has other leaves."""
    return lambda params, state, batch, key: (jnp.mean(params["w"]), {**state, **changes})


def listed(params: Any, state: Any, batch: Any, key: jax.Array) -> Any:
    """A trained loss whose state is a tuple where there was a list."""
    return jnp.mean(params["w"]), tuple(state)


def test_a_state_is_any_tree_of_arrays_and_no_parameter():
    validate(make_stateful())
    assert count_parameters(make_stateful()) == 3
    validate(make_stateful(metrics=None, sampled_loss=None))


TRAINED, TRAINED_STATE = r"mine: train_loss\(params, batch, key\)", r"mine: train_loss\(params, state, batch, key\)"


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (make(train_loss=lambda params, batch: 0.0), TRAINED + " failed: TypeError"),
        (make(train_loss=lambda params, batch, key: batch["x"]), TRAINED + r" must return a scalar; found \(4, 3\)"),
        (make(train_loss=lambda params, batch, key: (total(params), 1.0)), TRAINED + " must return a scalar; found"),
        (
            make(train_loss=lambda params, batch, key: jnp.sum(batch["x"] > 0)),
            r"mine: the gradient of train_loss\(params, batch, key\) failed: .* int32",
        ),
        (make(recipe=b"pretrained"), "mine: recipe is b'pretrained'; expected text that says how initial weights are"),
        (
            make_stateful(train_loss=None),
            r"mine: stateful, but without a train_loss; expected train_loss\(params, state, batch, key\) -> \(loss, st",
        ),
        (
            make_stateful(init=lambda key: {"w": jnp.zeros(3)}),
            r"mine: init\(key\) of a stateful problem must return \(params, state\); found \{'w'",
        ),
        (
            make_stateful(init=lambda key: (jnp.int32(0), jnp.zeros(3))),
            r"mine: init\(key\) must return \(params, state\), with params a tree of float32 arrays; found \['int32'\]",
        ),
        (make_stateful(loss=lambda params, batch: 0.0), r"mine: loss\(params, state, batch\) failed: TypeError"),
        (
            make_stateful(loss=lambda params, state, batch: state["mean"]),
            r"mine: loss\(params, state, batch\) must return a scalar; found \(3,\)",
        ),
        (
            make_stateful(metrics=lambda params, state, batch: state),
            r"mine: metrics\(params, state, batch\) must return scalars by name; found",
        ),
        (
            make_stateful(sampled_loss=lambda params, state, batch, key: 0.0),
            r"mine: sampled_loss\(params, state, batch, key\) must return a loss and the number of predictions; found",
        ),
        (make_stateful(train_loss=lambda params, batch, key: 0.0), TRAINED_STATE + " failed: TypeError"),
        (
            make_stateful(train_loss=lambda params, state, batch, key: total(params)),
            TRAINED_STATE + r" must return \(loss, state\); found",
        ),
        (
            make_stateful(train_loss=lambda params, state, batch, key: (params["w"], state)),
            TRAINED_STATE + r" -> \(loss, state\) must return a scalar; found \(3,\)",
        ),
        (
            make_stateful(train_loss=after(more=jnp.zeros(1))),
            TRAINED_STATE
            + r" must return a state like that of init\(key\); state\['more'\] is float32\(1,\); expected not",
        ),
        (
            make_stateful(
                train_loss=lambda params, state, batch, key: (jnp.mean(params["w"]), {"mean": state["mean"]})
            ),
            TRAINED_STATE + r" must return .*; state\['steps'\] is not there; expected int32\(\)",
        ),
        (
            make_stateful(init=lambda key: ({"w": jnp.zeros(3)}, [X]), loss=lambda *given: 0.0, train_loss=listed),
            TRAINED_STATE + r" must return .*; found PyTreeDef\(\(\*,\)\); expected PyTreeDef\(\[\*\]\)",
        ),
        (
            make_stateful(train_loss=after(mean=jnp.zeros(4))),
            TRAINED_STATE + r" must .*; state\['mean'\] is float32\(4,\); expected float32\(3,\)",
        ),
        (
            make_stateful(train_loss=after(steps=jnp.float32(1))),
            TRAINED_STATE + r" must .*; state\['steps'\] is float32\(\); expected int32\(\)",
        ),
        (
            make_stateful(test={"x": X[:3]}, loss=lambda params, state, batch: jnp.sum(batch["x"].reshape(-1, 2, 3))),
            r"mine: loss\(params, state, test\) failed: TypeError",
        ),
    ],
)
def test_a_broken_trained_loss_or_state_is_named(problem, message):
    with pytest.raises(TaskError, match=message):
        validate(problem)


def test_a_loss_that_is_only_measured_need_not_be_differentiable():
    counted = make(loss=lambda params, batch: jnp.sum(batch["x"] > 0))
    with pytest.raises(TaskError, match="the gradient of loss"):
        validate(counted)
    validate(replace(counted, train_loss=lambda params, batch, key: total(params)))


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (4, r"mine: the gradient of loss\(params, batch\) failed: TypeError"),  # of validation, and no batch is
        (5, r"mine: loss\(params, batch\) failed: TypeError"),
    ],
)
def test_a_loss_of_one_number_of_examples_is_named(examples, message):
    loss = lambda params, batch: jnp.sum(batch["x"] * jnp.ones((examples, 3))) * total(params)  # noqa: E731
    with pytest.raises(TaskError, match=message):
        validate(make(loss=loss))


def test_a_loss_that_cannot_be_measured_on_the_test_split_is_named():
    loss = lambda params, batch: jnp.sum(batch["x"].reshape(-1, 2, 3)) * total(params)  # noqa: E731
    with pytest.raises(TaskError, match=r"mine: loss\(params, test\) failed: TypeError"):
        validate_batch(make(loss=loss, test={"x": X[:3]}), 2, "mine")
    validate_batch(make(loss=loss), 2, "mine")


def test_a_batch_larger_than_the_data_is_named():
    with pytest.raises(TaskError, match="mine: a batch of 7 from 6 training examples"):
        validate_batch(make(), 7, "mine")
    validate_batch(make(), 6, "mine")


def test_nothing_is_computed():
    def loss(params: Any, batch: Any) -> jax.Array:
        assert isinstance(params["w"], jax.core.Tracer)
        return jnp.sum(params["w"])

    validate_problem(make(loss=loss))
